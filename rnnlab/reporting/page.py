"""The parts of the report's page, and the page as one HTML file that needs no other and no network."""

import base64
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

from jinja2 import Environment, StrictUndefined

TEMPLATE = Path(__file__).with_name("page.html")


@dataclass(frozen=True)
class Text:
    text: str
    kind: ClassVar[str] = "text"


@dataclass(frozen=True)
class Table:
    caption: str
    headings: Sequence[str]
    rows: Sequence[Sequence[str]]
    simple: frozenset[str] = frozenset()  # first cells of the rows that are baselines
    prose: bool = False  # its cells are words, and not to be compared with those above
    kind: ClassVar[str] = "table"


@dataclass(frozen=True)
class Picture:
    """A PNG, put into the page itself."""

    png: bytes
    alt: str  # what it shows, for those who can't see it
    caption: str
    kind: ClassVar[str] = "picture"

    @property
    def base64(self) -> str:
        return base64.b64encode(self.png).decode()

    @property
    def width(self) -> int:
        return int.from_bytes(self.png[16:20], "big")  # PNG's header

    @property
    def height(self) -> int:
        return int.from_bytes(self.png[20:24], "big")


@dataclass(frozen=True)
class Fold:
    """Pictures that are shown on demand."""

    title: str
    pictures: Sequence[Picture]
    kind: ClassVar[str] = "fold"


Block = Text | Table | Picture | Fold


@dataclass(frozen=True)
class Section:
    title: str
    blocks: Sequence[Block] = ()

    @property
    def anchor(self) -> str:
        return re.sub(r"\W+", "-", self.title.lower()).strip("-")


def render(title: str, verdicts: Sequence[str], sections: Sequence[Section]) -> str:
    """The page's HTML; what comes first here comes first there."""
    environment = Environment(autoescape=True, trim_blocks=True, lstrip_blocks=True, undefined=StrictUndefined)
    template = environment.from_string(TEMPLATE.read_text(encoding="utf-8"))
    return template.render(title=title, verdicts=verdicts, sections=sections)
