"""Write docs/results.md from results.md.jinja: the figures of the workspace and of four experiments, run in copies."""

import json
import subprocess
from io import StringIO
from pathlib import Path
from typing import Any

import dvc.api
import jinja2
import pandas as pd

from rnnlab.core.figures import places, write_mean

HERE = Path(__file__).parent
PAGE = HERE.parent / "docs/results.md"
EXPERIMENTS = {
    "laser": ["series.source=laser"],
    "close": ["series.features=[Close]"],
    "linear": ["models.rnn.output=linear"],
    "tutorial": ["series.source=kospi", "series.scale.fit_on=all", "digits.source=mnist"],
}
HANDICAPS = {  # what was changed, the experiment that has it, and which entry of its leaderboard is meant
    "as in the tutorial": (None, "{}"),
    "reads Close alone": ("close", "{}"),
    "linear output": ("linear", "{}"),
    "learns the change": (None, "{}_change"),
    "learns the change, reads Close alone": ("close", "{}_change"),
}


def run(name: str, overrides: list[str]) -> None:
    subprocess.run(["dvc", "exp", "remove", "-q", name], stderr=subprocess.DEVNULL)  # one of an earlier call
    options = [word for override in overrides for word in ("-S", override)]
    subprocess.run(["dvc", "exp", "run", "--temp", "-n", name, *options], check=True)


def read(experiment: str | None, path: str) -> str:
    """A file of metrics/: of an experiment, or of the workspace."""
    text: str = dvc.api.read(f"metrics/{path}", rev=f"results-{experiment}" if experiment else None)
    return text


def handicap_rows() -> list[list[str]]:
    """Rows: what was changed; RMSE ± std of the three cells, and how much of the distance to persistence it closes."""
    boards = {name: json.loads(read(name, "leaderboard.json"))["series"] for name in (None, "close", "linear")}
    naive, rows = boards[None]["persistence"]["rmse"], []
    for change, (experiment, entry) in HANDICAPS.items():
        row = [change]
        for cell in ("rnn", "lstm", "gru"):
            found, start = boards[experiment][entry.format(cell)], boards[None][cell]["rmse"]
            figures = write_mean(found["rmse"], found["rmse_std"], places([found["rmse"]], 4))
            closed = f" ({100 * (start - found['rmse']) / (start - naive):.0f} %)"
            same = found["rmse"] == start and change != "as in the tutorial"
            row.append("–" if same else figures + closed * (change != "as in the tutorial"))
        rows.append(row)
    return rows


def outside_the_range() -> dict[str, Any]:
    """Test days whose price the training part does not reach, and their share of the RNN's squared error."""
    table = pd.read_csv(StringIO(read(None, "predictions/rnn.csv")))
    known, test = table["y_true"][table["part"] == "train"], table[table["part"] == "test"]
    outside = ~test["y_true"].between(known.min(), known.max())
    errors = (test["y_true"] - test["y_pred"]) ** 2
    return {"days": int(outside.sum()), "of": len(test), "share": f"{100 * errors[outside].sum() / errors.sum():.0f} %"}


def main() -> None:
    for name, overrides in EXPERIMENTS.items():
        run(f"results-{name}", overrides)
    environment = jinja2.Environment(undefined=jinja2.StrictUndefined, trim_blocks=True, keep_trailing_newline=True)
    template = environment.from_string((HERE / "results.md.jinja").read_text(encoding="utf-8"))
    boards = {name: read(name, "leaderboard.md") for name in (None, "laser", "tutorial")}
    sections = {
        name: dict(part.split("\n", 1) for part in ("\n" + board).split("\n## ")[1:]) for name, board in boards.items()
    }
    page = template.render(
        goog=sections[None]["GOOG"].strip(),
        claims=read(None, "tutorial.md").strip(),
        digits=sections[None]["digits"].strip(),
        laser=sections["laser"]["laser"].strip(),
        kospi=next(text for name, text in sections["tutorial"].items() if name != "digits").strip(),
        mnist=sections["tutorial"]["digits"].strip(),
        tutorial=read("tutorial", "tutorial.md").strip(),
        handicaps=handicap_rows(),
        outside=outside_the_range(),
    )
    PAGE.write_text(page, encoding="utf-8")


if __name__ == "__main__":
    main()
