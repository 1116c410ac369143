"""What the readers promise of any bytes, as properties: `test_fuzz.py` and `fuzz.py` try to break them.

Each property reads the bytes. It returns where they are refused with a UserError that names the file, and raises
where what was read is not as promised, or took too much time or memory; any other exception, and any warning that is
not Pillow's, is a fault as well.
"""

import gzip
import io
import json
import re
import resource
import struct
import tempfile
import time
import warnings
from pathlib import Path

import numpy as np
import pandas as pd
import torch
from PIL import Image
from small_model import CONFIG, NETWORK, PACKED, SCALER_FILE

from rnnlab.core.errors import UserError
from rnnlab.core.files import read_json
from rnnlab.core.params import Params
from rnnlab.core.params_file import read_params
from rnnlab.data.columns import FIRST_DAY, LAST_DAY
from rnnlab.data.csv_reader import read_rows
from rnnlab.data.images import read_idx
from rnnlab.data.long_table import read_panel
from rnnlab.forecasting.digit_image import FORMATS, read_picture
from rnnlab.networks.network import build
from rnnlab.networks.weights import pack, unpack
from rnnlab.serving import requests
from rnnlab.serving.exported import input_columns, input_limits
from rnnlab.windows.scaler_file import check_scaler

ROOT = Path(__file__).parent.parent
LONGEST = 10_000  # characters of a message
SECONDS, MEMORY = 10, 2**30  # that reading a file may take
COLUMNS = ["Open", "High", "Low", "Close"]


def csv(content):
    _check_prices(_read("prices.csv", lambda: read_rows(io.BytesIO(content), COLUMNS, "prices.csv")))


def parquet(content):
    _check_prices(_read_file(content, "a.parquet", lambda path: read_rows(path, COLUMNS)))


def panel(content):
    """As CSV, and as Parquet."""
    for name in ("a.csv", "a.parquet"):
        found = _read_file(content, name, lambda path: read_panel(path, ["Open", "Close"], _allocate))
        if found is not None:
            series, _ = found
            assert np.isfinite(series.values).all()
            assert (np.diff(series.spans) > 0).all()


def _allocate(shapes):
    return {name: np.empty(shape, dtype) for name, (shape, dtype) in shapes.items()}


def _check_prices(prices):
    if prices is None:
        return
    frame, days = prices.frame, prices.frame.index.to_numpy()
    assert list(frame) == COLUMNS
    assert len(frame)
    assert np.isfinite(frame.to_numpy()).all()
    assert (frame.to_numpy() > 0).all()
    assert (frame["High"] >= frame["Low"]).all()
    assert (days[1:] > days[:-1]).all()
    if days.dtype.kind == "M":  # rows without dates are counted
        assert days[0] >= FIRST_DAY
        assert days[-1] < LAST_DAY + 1


def weights(content):
    found = _read_file(content, "w.safetensors", lambda path: unpack(str(path)))
    for network in found[0].values() if found else ():
        assert all(bool(weight.isfinite().all()) for weight in network.parameters())


def scaler(content):
    found = _read_file(content, "scaler.json", lambda path: check_scaler(read_json(path), "series", str(path)))
    if found is not None:
        assert np.isfinite(found["minimum"]).all()
        assert (np.array(found["minimum"]) < np.array(found["maximum"])).all()


def picture(content):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of files that end too soon
        found = _read_file(content, "a.png", lambda path: read_picture(path, 8, 8))
    if found is not None:
        assert found.shape == (8, 8)
        assert (found >= 0).all()
        assert found.max() == 1


def request(content):
    found = _read("", lambda: requests.read_rows(content, LIMITS))
    if found is not None:
        assert 0 < len(found) <= requests.ROWS
        assert all(len(row) == len(LIMITS) for row in found)
        assert np.isfinite(found).all()


def idx(content):
    """As a gzip file, and as what is in one: damage inside would seldom get past the checksum."""
    for packed in (content, gzip.compress(content, 1)):
        for dimensions in (1, 3):
            values = _read("idx.gz", lambda packed=packed, n=dimensions: read_idx(packed, n, "idx.gz"))
            if values is not None:
                assert (values.ndim, values.dtype) == (dimensions, np.uint8)
                assert values.size


def params(content):
    found = _read("params.yaml", lambda: read_params(io.BytesIO(content)))
    if found is not None:
        assert isinstance(found, Params)
        assert all(found.training_of(name).epochs >= 1 for name in found.models)


def _read_file(content, name, read):
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, name)
        path.write_bytes(content)
        found = _read(str(path), lambda: read(path))
        assert list(path.parent.iterdir()) == [path]
        assert path.read_bytes() == content
        return found


def _read(name, read):
    found, said, started, before = None, name, time.monotonic(), _peak()
    try:
        found = read()
    except UserError as error:
        said = str(error)
    assert time.monotonic() - started < SECONDS
    assert _peak() - before < MEMORY
    assert said.startswith(name)
    assert len(said) < LONGEST
    return found


def _peak():
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


DAYS = ["2020-01-02", "2020-01-03", "2020-01-06"]
TABLE = "Date,Open,High,Low,Close\n" + "".join(f"{day},1.5,3,1,2.25\n" for day in DAYS)
PARAMS = (ROOT / "params.yaml").read_text(encoding="utf-8")
CSV_WORDS = [
    "\x1c",
    "\x85",
    "\u2028",
    "\x1b[",
    ",",
    "\n",
    "\r",
    '"',
    "null",
    "1e999",
    "-1",
    "0",
    "−",
    "T09:30Z",
    "+09:00",
    " ",
    "\0",
]
YAML_WORDS = ["[", "{", "}", "&a ", "*a", "~", "<<: ", "- ", "\n  ", "? ", ": ", "#", "|", "---\n", "%YAML 9.9\n"]
YAML_WORDS += ["1e999", "2020-13-45", "0x", "1_", "!!python/name:os.system", "!!binary ", "!!int ", "!!bool "]
LIMITS = input_limits(CONFIG)
ROW = [2000.0, 2001.0, 2002.0, 2003.0, 2004.0, 2005.0]
JSON_WORDS = [
    "NaN",
    "1e999",
    "-1",
    "null",
    "true",
    "[",
    "{",
    "[]",
    "{}",
    '"',
    ",",
    ": ",
    '"\\ud800"',
    "\ufeff",
    "0" * 400,
]
LONG_TABLE = "Date,Symbol,Open,Close\n" + "".join(f"{day},{name},1.5,2\n" for name in "ab" for day in DAYS)


def _parquet(table, **options):
    file = io.BytesIO()
    table.to_parquet(file, **options)
    return file.getvalue()


def _frame(text):
    return pd.read_csv(io.StringIO(text))


def _weights(seeds):
    torch.manual_seed(0)
    return pack({seed: build(NETWORK).state_dict() for seed in seeds}, PACKED)


def _pictures():
    ink = Image.fromarray(np.arange(64, dtype=np.uint8).reshape(8, 8) * 4)
    for form in FORMATS:
        file = io.BytesIO()
        ink.save(file, form)
        yield file.getvalue()
    file = io.BytesIO()
    Image.fromarray(np.arange(64, dtype=np.float32).reshape(8, 8)).save(file, "TIFF")
    yield file.getvalue()


# reader: its property, good files, and words that mean something in such a file
READERS = {
    "csv": (
        csv,
        [
            TABLE.encode(),
            (ROOT / "data/example.csv").read_bytes()[:400],
            TABLE.replace("2020-01-0", "0/1/202").replace("\n", "\r\n").encode(),
            TABLE.replace(",", '","').encode("utf-8-sig"),
        ],
        [word.encode() for word in CSV_WORDS],
    ),
    "parquet": (
        parquet,
        [
            _parquet(_frame(TABLE)),
            _parquet(_frame(TABLE).assign(Date=lambda table: pd.to_datetime(table["Date"])), compression="gzip"),
            _parquet(_frame(TABLE).astype(str), compression=None, use_dictionary=False),
        ],
        [b"PAR1", b"\0\0\0\0", b"\xff\xff\xff\xff", b"\x15\0", b"\x19\x1c", b"Close"],
    ),
    "panel": (
        panel,
        [LONG_TABLE.encode(), _parquet(_frame(LONG_TABLE)), _parquet(_frame(LONG_TABLE), compression=None)],
        [word.encode() for word in CSV_WORDS],
    ),
    "weights": (
        weights,
        [_weights([0]), _weights([0, 1])],
        [b"\0\0\0\0\0\0\0\0", b"\xff" * 8, b"\0\0\xc0\x7f", *(word.encode() for word in JSON_WORDS), b'\\"', b"F16"],
    ),
    "scaler": (scaler, [json.dumps(SCALER_FILE).encode()], [word.encode() for word in JSON_WORDS]),
    "picture": (
        picture,
        list(_pictures()),
        [b"\0\0\0\0", b"\xff\xff\xff\xff", b"IDAT", b"IEND", b"\xff\xd8", b"\xff\xd9", b"GIF89a", b"\x2c", b"\x3b"],
    ),
    "request": (
        request,
        [
            json.dumps({"dataframe_split": {"columns": input_columns(CONFIG), "data": [ROW, ROW]}}).encode(),
            json.dumps({"dataframe_records": [dict(zip(LIMITS, ROW, strict=True))]}).encode(),
        ],
        [word.encode() for word in JSON_WORDS],
    ),
    "idx": (
        idx,
        [struct.pack(">II3B", 0x801, 3, 7, 2, 1), struct.pack(">IIII4B", 0x803, 1, 2, 2, 1, 2, 3, 4)],
        [b"\0\0\0\0", b"\0\0\0\1", b"\xff\xff\xff\xff", b"\x1f\x8b"],
    ),
    "params": (
        params,
        [PARAMS.encode(), re.sub(r"(?m) *#.*$", "", PARAMS).encode()],
        [word.encode() for word in YAML_WORDS],
    ),
}
