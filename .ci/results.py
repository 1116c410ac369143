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
NETWORKS = {  # examples of networks of one's own: file and class, and their arguments on digits
    "attention": ("attention.py:Attention", "{hidden_size: 32, heads: 4}"),
    "temporal_convolution": ("temporal_convolution.py:TemporalConvolution", "{channels: 32, levels: 4}"),
    "min_gru": ("min_gru.py:MinGRU", "{hidden_size: 64, num_layers: 2}"),
    "residual_lstm": ("residual_lstm.py:ResidualLSTM", "{hidden_size: 32, num_layers: 2}"),
}
GIVEN = ["rnn", "lstm", "gru", "mlp", "rnn_change", "lstm_change", "gru_change"]
ON_SERIES = [
    *(
        f"+models.{name}={{track: series, network: examples/networks/{reference}, target: change}}"
        for name, (reference, _) in NETWORKS.items()
    ),
    f"backtest.models=[{', '.join([*GIVEN, *NETWORKS])}]",
]
ON_DIGITS = [
    *(
        f"+models.digits_{name}={{track: digits, network: examples/networks/{reference}, arguments: {arguments}}}"
        for name, (reference, arguments) in NETWORKS.items()
    ),
    "digits.source=mnist",
    "training.digits.epochs=5",
    "training.digits.schedule=onecycle",
]
SERIES = {"sample": "GOOG", "kospi": "KOSPI", "laser": "laser", "elnino": "El Niño", "sunspots": "sunspots"}
EXPERIMENTS = {
    "laser": ["series.source=laser"],
    "close": ["series.features=[Close]"],
    "linear": ["models.rnn.output=linear"],
    "tutorial": ["series.source=kospi", "series.scale.fit_on=all", "digits.source=mnist"],
    "networks": ON_DIGITS,
} | {f"networks-{source}": [*ON_SERIES, f"series.source={source}"] for source in SERIES}
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


def network_rows() -> list[list[str]]:
    """Rows: a network; on each series its RMSE ÷ persistence's in walking forward, and p of beating every rule."""
    judged = [json.loads(read(f"networks-{source}", "comparison.json"))["backtest"]["judged"] for source in SERIES]

    def cell(found: dict[str, Any], name: str, said: str = "") -> str:
        p = found["networks"][name]["p_holm"] if name in found["networks"] else None
        shown = "" if p is None else " (p < 0.001)" if p < 0.001 else f" (p = {p:.3f})"
        return f"{said}{found['rmse'][name] / found['rmse']['persistence']:.2f}{shown}"

    def best(found: dict[str, Any], names: list[str]) -> str:
        name = min(names, key=lambda each: float(found["rmse"][each]))
        return cell(found, name, f"{name} ")

    rows = [[name, *(cell(found, name) for found in judged)] for name in NETWORKS]
    rows.append(["the best of the project's own", *(best(found, GIVEN) for found in judged)])
    rules = [[name for name in found["rmse"] if name not in found["networks"]] for found in judged]
    return [*rows, ["the best simple rule", *map(best, judged, rules)]]


def main() -> None:
    for name, overrides in EXPERIMENTS.items():
        run(f"results-{name}", overrides)
    environment = jinja2.Environment(undefined=jinja2.StrictUndefined, trim_blocks=True, keep_trailing_newline=True)
    template = environment.from_string((HERE / "results.md.jinja").read_text(encoding="utf-8"))
    boards = {name: read(name, "leaderboard.md") for name in (None, "laser", "tutorial", "networks")}
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
        series=list(SERIES.values()),
        networks=network_rows(),
        read=sections["networks"]["digits"].strip(),
        on_series=ON_SERIES,
        on_digits=ON_DIGITS,
    )
    PAGE.write_text(page, encoding="utf-8")


if __name__ == "__main__":
    main()
