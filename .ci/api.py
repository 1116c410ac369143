"""Write docs/api.md: the functions and classes of `import rnnlab`, from their docstrings."""

import inspect
import re
from collections.abc import Iterator
from pathlib import Path

import rnnlab

PAGE = Path(__file__).parent.parent / "docs/api.md"
ORDER = ["read_series", "make_windows", "train", "evaluate", "compare", "predictions", "forecast", "load"]
INTRODUCTION = """# The library from Python

Made from the docstrings by `python .ci/api.py`.

    import rnnlab

    frame = rnnlab.read_series("data/example.csv")             # a DataFrame, the target its last column
    series = rnnlab.make_windows(frame, length=5, train=0.7)
    gru = rnnlab.train("gru", series, seeds=10)
    print(rnnlab.compare({"gru": gru}, series))                # beside the simple rules
    print(rnnlab.forecast(gru, frame))

The functions call what the pipeline's stages call, so the results are the same. They write no files, and need neither
DVC nor MLflow. Torch and pandas are imported when a function is first used. A mistake raises `rnnlab.UserError`.

Other frames: `ts.to_dataframe()` of a darts `TimeSeries`; `frame.set_index("date")` where the dates are a column.
"""
LONG = re.compile(r"\b(rnnlab\.api\.\w+|collections\.abc|pathlib|typing|torch\.nn\.modules\.module|pandas)\.")


def describe(name: str) -> Iterator[str]:
    found = getattr(rnnlab, name)
    yield f"## {name}\n"
    if not inspect.isclass(found):
        yield f"```python\n{name}{LONG.sub('', str(inspect.signature(found)))}\n```\n"
    yield from paragraphs(inspect.getdoc(found) or "")
    for method, own in inspect.getmembers(found, inspect.isfunction) if inspect.isclass(found) else ():
        if not method.startswith("_"):
            yield f"`{method}`: {' '.join((inspect.getdoc(own) or '').replace('``', '`').split())}\n"


def paragraphs(text: str) -> Iterator[str]:
    """The sections Args, Attributes and Raises as lists."""
    for block in text.replace("``", "`").split("\n\n"):
        head, _, body = block.partition("\n")
        if head in ("Args:", "Attributes:", "Raises:"):
            items = re.sub(r"\n {8,}", " ", body).splitlines()  # lines that go on are joined
            yield "\n".join([f"{head}\n", *(f"- {line.strip()}" for line in items)]) + "\n"
        else:
            yield " ".join(block.split()) + "\n"


def place(name: str) -> tuple[bool, int]:
    """Functions in the order in which they are used, then classes."""
    return inspect.isclass(getattr(rnnlab, name)), ORDER.index(name) if name in ORDER else 0


def page() -> str:
    names = sorted(rnnlab.__all__, key=place)
    return "\n".join([INTRODUCTION, *(line for name in names for line in describe(name))]).rstrip() + "\n"


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
