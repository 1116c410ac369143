"""fetch TRACK: a source -> data/raw, as it came; checked."""

import io
import shutil
from pathlib import Path

from rnnlab.core.errors import UserError
from rnnlab.core.files import new_arrays, write, write_bytes, write_json, write_text
from rnnlab.core.params_file import read_params
from rnnlab.core.stage import run
from rnnlab.data import sources
from rnnlab.data.csv_reader import read_prices
from rnnlab.data.images import to_idx
from rnnlab.data.long_table import read_panel
from rnnlab.data.panel_summary import describe, summary

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
        series, empty = read_panel(Path(params.path), columns, allocate)
        days = series.calendar()
        table = describe(series, days, empty)
    about = {"columns": columns, "symbols": series.symbols, "spans": series.spans.tolist()}
    sentences = summary(table, days)
    write_json(RAW / "series/panel.json", about | {"summary": sentences})
    write_text(RAW / "series/symbols.csv", table.to_csv(index=False))
    print("panel: " + "\n  ".join(sentences))


def fetch_single() -> None:
    params = read_params().series
    target = RAW / "series/prices.csv"
    path = Path(params.path)
    if params.source == "csv":
        # Checked where it lies, so that messages name the user's own file.
        prices = read_prices(path, [*params.features, params.target])
        try:
            with path.open("rb") as source:
                write(target, lambda file: shutil.copyfileobj(source, file))
        except OSError as error:
            raise UserError(f"{path}: can't be read: {error}") from None
    else:
        content = sources.kospi() if params.source == "kospi" else sources.series_sample().to_csv(index=False).encode()
        prices = read_prices(io.BytesIO(content), [*params.features, params.target], f"source {params.source}")
        write_bytes(target, content)
    for notice in prices.notices:
        print(f"note: {notice}")
    days = prices.frame.index
    print(f"series: {len(days)} rows from {days[0].date()} to {days[-1].date()} ({params.source})")


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
