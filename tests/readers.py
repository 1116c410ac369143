"""What the readers promise of any bytes, as properties: `test_fuzz.py` and `fuzz.py` try to break them.

Each property reads the bytes. It returns None where they are refused with a UserError that names the file, and raises
where what was read is not as promised; any other exception and any warning is a fault as well.
"""

import gzip
import io
import re
import struct
from pathlib import Path

import numpy as np

from rnnlab.core.errors import UserError
from rnnlab.core.params import Params
from rnnlab.core.params_file import read_params
from rnnlab.data.columns import FIRST_DAY, LAST_DAY
from rnnlab.data.csv_reader import read_rows
from rnnlab.data.images import read_idx

ROOT = Path(__file__).parent.parent
LONGEST = 10_000  # characters of a message
COLUMNS = ["Open", "High", "Low", "Close"]


def csv(content):
    prices = _read("prices.csv", lambda: read_rows(io.BytesIO(content), COLUMNS, "prices.csv"))
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


def _read(name, read):
    try:
        return read()
    except UserError as error:
        said = str(error)
    assert said.startswith(name)
    assert len(said) < LONGEST
    return None


DAYS = ["2020-01-02", "2020-01-03", "2020-01-06"]
TABLE = "Date,Open,High,Low,Close\n" + "".join(f"{day},1.5,3,1,2.25\n" for day in DAYS)
PARAMS = (ROOT / "params.yaml").read_text(encoding="utf-8")
CSV_WORDS = [",", "\n", "\r", '"', "null", "1e999", "-1", "0", "−", "T09:30Z", "+09:00", " ", "\0"]
YAML_WORDS = ["[", "{", "}", "&a ", "*a", "~", "<<: ", "- ", "\n  ", "? ", ": ", "#", "|", "---\n", "%YAML 9.9\n"]
YAML_WORDS += ["1e999", "2020-13-45", "0x", "1_", "!!python/name:os.system", "!!binary ", "!!int ", "!!bool "]
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
