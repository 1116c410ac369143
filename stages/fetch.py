"""fetch TRACK: a source -> data/raw, as it came, read and checked."""

import io
from pathlib import Path

import numpy as np

from rnnlab.core.errors import say
from rnnlab.core.files import new_arrays, write_bytes, write_json, write_text
from rnnlab.core.params_file import read_params
from rnnlab.core.stage import run
from rnnlab.data import sources
from rnnlab.data.csv_reader import read_rows
from rnnlab.data.images import to_idx
from rnnlab.data.long_table import read_panel
from rnnlab.data.panel_summary import describe, summary
from rnnlab.data.raw import SERIES
from rnnlab.data.rhythm import describe_gaps
from rnnlab.data.rows import Options, describe_reading

RAW = Path("data/raw")


def fetch_series() -> None:
    if read_params().is_panel:
        fetch_panel()
    else:
        fetch_single()


def fetch_panel() -> None:
    """A panel as arrays, for its table may be larger than the memory: each symbol's rows together, in order of time."""
    params = read_params().series
    columns = list(dict.fromkeys([*params.features, params.target]))
    with new_arrays(RAW / "series") as allocate:
        series, empty = read_panel(Path(params.path), columns, allocate, Options.of(params))
        days = series.calendar()
        table = describe(series, days, empty)
    about = {"columns": columns, "symbols": series.symbols, "spans": series.spans.tolist()}
    sentences = summary(table, days)
    write_json(RAW / "series/panel.json", about | {"summary": sentences})
    write_text(RAW / "series/symbols.csv", table.to_csv(index=False))
    say("panel: " + "\n  ".join(sentences))


def fetch_single() -> None:
    """A single series as arrays too: what was found out about its file need not be found out again."""
    params = read_params().series
    columns = list(dict.fromkeys([*params.features, params.target]))
    options, source = Options.of(params), f"source {params.source}"
    if params.source == "csv":
        rows = read_rows(Path(params.path), columns, options=options)
    else:
        rows = read_rows(io.BytesIO(sources.as_csv(params.source)), columns, source, options)
    count, dates = len(rows.frame), rows.frame.index.to_numpy()
    with new_arrays(RAW / "series") as allocate:
        arrays = allocate({"dates": ((count,), dates.dtype), "values": ((count, len(columns)), np.float64)})
        arrays["dates"][:] = dates
        for number, column in enumerate(columns):  # one by one, and each is let go of: they may be long
            arrays["values"][:, number] = rows.frame.pop(column)
    said = [*describe_reading(rows), *describe_gaps(dates)]
    about = {"columns": columns, "symbols": [SERIES], "spans": [[0, count]], "summary": said}
    write_json(RAW / "series/panel.json", about)
    say(*(f"note: {sentence}" for sentence in said))
    first, last = (str(dates[place])[:10] for place in (0, -1))
    print(f"series: {count:,} rows from {first} to {last} ({params.source})")


def fetch_digits() -> None:
    digits = read_params().digits
    if digits.source == "mnist":
        for name, path in sources.mnist().items():
            write_bytes(RAW / "digits" / name, path.read_bytes())
    else:
        images, labels = sources.digits_sample()
        write_bytes(RAW / "digits/sample-images-idx3-ubyte.gz", to_idx(images))
        write_bytes(RAW / "digits/sample-labels-idx1-ubyte.gz", to_idx(labels))
    print(f"digits: fetched ({digits.source})")


if __name__ == "__main__":
    run({"series": fetch_series, "digits": fetch_digits})
