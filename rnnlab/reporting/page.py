"""The parts of the report's page, and the page as one HTML file that needs no other and no network."""

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

from jinja2 import Environment, StrictUndefined
from markupsafe import Markup, escape

from rnnlab.reporting.chart_style import CONFIG, INK

TEMPLATE = Path(__file__).with_name("page.html")
PLOTS = """<!doctype html>
<html lang="en">
<head><meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>DVC plots</title>{refresh_tag}
<link rel="icon" href="data:,"><style>body > div { max-width: 100%; overflow-x: auto; }</style></head>
<body>
<script>SCRIPTS</script>
{plot_divs}
</body>
</html>
"""


@dataclass(frozen=True)
class Text:
    text: str
    kind: ClassVar[str] = "text"


@dataclass(frozen=True)
class Command:
    """A line for a shell."""

    text: str
    kind: ClassVar[str] = "command"


@dataclass(frozen=True)
class Table:
    caption: str
    headings: Sequence[str]
    rows: Sequence[Sequence[str]]
    simple: frozenset[str] = frozenset()  # first cells of the rows that are baselines
    prose: bool = False  # its cells are words, and not to be compared with those above
    kind: ClassVar[str] = "table"


@dataclass(frozen=True)
class Chart:
    """Attributes:
    spec: Vega-Lite's JSON.
    caption: what it shows, also for those who can't see it.
    """

    spec: Mapping[str, Any]
    caption: str
    kind: ClassVar[str] = "chart"


@dataclass(frozen=True)
class Flow:
    """Boxes from left to right, what follows from what; a heading and lines each."""

    caption: str
    boxes: Sequence[tuple[str, Sequence[str]]]
    kind: ClassVar[str] = "flow"


@dataclass(frozen=True)
class Links:
    """Pages by what they are called."""

    text: str
    addresses: Mapping[str, str]
    kind: ClassVar[str] = "links"


@dataclass(frozen=True)
class Fold:
    """Blocks that are shown on demand."""

    title: str
    blocks: Sequence["Block"]
    kind: ClassVar[str] = "fold"


Block = Text | Command | Table | Chart | Flow | Links | Fold


@dataclass(frozen=True)
class Section:
    title: str
    blocks: Sequence[Block] = ()

    @property
    def anchor(self) -> str:
        return re.sub(r"\W+", "-", self.title.lower()).strip("-")


def render(title: str, opening: Sequence[Block], sections: Sequence[Section], scripts: str) -> str:
    """The page's HTML.

    Args:
        opening: what is seen first; its texts are set large.
        scripts: the JavaScript of Vega, Vega-Lite and vega-embed.
    """
    environment = Environment(autoescape=True, trim_blocks=True, lstrip_blocks=True, undefined=StrictUndefined)
    environment.filters |= {"script_json": _script_json, "prose": _prose, "broken": _broken, "stopped": _stopped}
    template = environment.from_string(TEMPLATE.read_text(encoding="utf-8"))
    return template.render(
        title=title,
        opening=opening,
        sections=sections,
        config=CONFIG,
        ink=INK,
        scripts=Markup(scripts.replace("</script", "<\\/script")),  # nosec B704
    )


def render_plots(scripts: str) -> str:
    """The template of `dvc plots show`'s page, with the JavaScript in it: DVC's own gets it from the internet."""
    return PLOTS.replace("SCRIPTS", scripts.replace("</script", "<\\/script"))


def _prose(text: str) -> Markup:
    """Text whose dates are not broken at the end of a line, and whose words in backticks are code."""
    html = re.sub(r"\d{4}-\d\d-\d\d", r'<span class="date">\g<0></span>', str(escape(text)))
    return Markup(re.sub(r"`([^`]+)`", r"<code>\1</code>", html))  # nosec B704


def _broken(html: Markup) -> Markup:
    """With names that may be broken after a dot or an underscore: they would make a table wide."""
    return Markup(re.sub(r"(?<=[a-z])[._](?=[a-z])", r"\g<0><wbr>", str(html)))  # nosec B704


def _stopped(caption: str) -> str:
    return caption.rstrip(". ") + "."


def _script_json(content: Any) -> Markup:
    """JSON that can't end the script element that it stands in."""
    return Markup(json.dumps(content, separators=(",", ":")).replace("<", "\\u003c"))  # nosec B704
