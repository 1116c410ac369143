"""A corpus of broken inputs: each is refused with one message that names the place, and leaves all as it was.

And of odd ones that are valid: each is read.
"""

import copy
import gzip
import io
import json
import os
import resource
import struct
import subprocess
import sys
import time
import zlib
from pathlib import Path

import numpy as np
import pytest
import torch
from readers import MEMORY, SECONDS
from ruamel.yaml import YAML
from safetensors.torch import save
from small_model import NETWORK, PACKED

from rnnlab.comparison.leaderboard import check_headline
from rnnlab.core.errors import UserError
from rnnlab.core.files import read_arrays, read_json
from rnnlab.core.params_file import read_params
from rnnlab.core.params_parsing import parse
from rnnlab.data.csv_reader import read_rows
from rnnlab.data.images import read_idx
from rnnlab.data.rows import Options
from rnnlab.networks.network import build
from rnnlab.networks.weights import pack, unpack
from rnnlab.networks.weights_header import FORMAT
from rnnlab.windows.scaler_file import check_scaler
from rnnlab.windows.scaling import MinMaxScaler
from stages import scale

PARAMS = YAML(typ="safe").load(Path(__file__).parent.parent / "params.yaml")
HEADER = "Date,Open,High,Low,Close\n"
COLUMNS = ["Open", "High", "Low", "Close"]
pytestmark = pytest.mark.promise(number=3)


def row(date, opened="1", high="3", low="1", close="2"):
    return f"{date},{opened},{high},{low},{close}\n"


GOOD = HEADER + row("2020-01-02") + row("2020-01-03") + row("2020-01-06")


def refusal(call, *arguments):
    """The message with which a call ends, in time."""
    started = time.monotonic()
    with pytest.raises(UserError) as error:
        call(*arguments)
    assert time.monotonic() - started < SECONDS
    assert len(str(error.value)) < 2000
    return str(error.value)


def keys(content, prefix=""):
    for key, value in content.items():
        yield prefix + key
        if isinstance(value, dict):
            yield from keys(value, f"{prefix}{key}.")


def change(content, key, *value):
    """A copy with another value, or without the key."""
    changed = copy.deepcopy(content)
    *path, last = key.split(".")
    section = changed
    for part in path:
        section = section[part]
    section.pop(last, None)
    if value:
        section[last] = value[0]
    return changed


CSVS = {
    "empty": ("", "is empty"),
    "blank": ("\n\n\n", "is empty"),
    "today": (HEADER + row("today"), "line 2, column Date: 'today' is not a date"),
    "now later": (
        HEADER + row("Jan 3 2020") + row("now") + row("Jan 6 2020"),
        "line 3, column Date: 'now' is not a date",
    ),
    "a byte order mark alone": (b"\xef\xbb\xbf\n", "is empty"),
    "packed with bzip2": (b"BZh91AY&SY", "is packed, and not with gzip: unpack it"),
    "a pointer of Git LFS": ("version https://git-lfs.github.com/spec/v1\noid sha256:0\n", "(git lfs pull)"),
    "two Close but for a blank": (GOOD.replace("Low", " Close "), "has more than one column Close"),
    "header only": (HEADER, "holds no row below the names of its columns"),
    "decimal commas": (HEADER + row("2020-01-02", close="1,5"), "line 2: rows hold more cells than the header"),
    "UTF-16 without BOM": (GOOD.encode("utf-16-le"), "line 1 is not text (a NUL byte)"),
    "latin-1 far below": (
        GOOD.encode() + b"\n" * 2**18 + "2020-01-07,é\n".encode("latin-1"),
        "is not UTF-8 text (invalid continuation byte); say its encoding, as -S series.read.encoding=cp1252",
    ),
    "NUL bytes": (GOOD.replace("03,1", "03,1\0"), "line 3 is not text (a NUL byte)"),
    "row of NUL bytes": (GOOD + "\0\0\0\n", "line 5 is not text (a NUL byte)"),
    "garbage": (b"\x89PNG\r\n\x1a\n" + bytes(range(1, 256)), "its text can't be decoded; say how, as -S series.read."),
    "half a gzip": (gzip.compress(GOOD.encode(), mtime=0)[:-12], "can't be read"),
    "web page": ("<!DOCTYPE html><html>\n<p>Sign in</p>\n", "is a web page: is a login needed where it came from?"),
    "long row": (GOOD + "2020-01-07,1,3,1,2,9\n", "line 5: the row has 6 cells, the header 5: is it a note"),
    "short row": (GOOD + "2020-01-07,1,3\n", "line 5: the row has 3 cells, the header 5: is it cut short?"),
    "short of a column that is not needed": (
        GOOD.replace("\n", ",7\n").replace("7", "Note", 1) + row("2020-01-07"),
        "line 5: the row has 5 cells, the header 6: is it cut short?",
    ),
    "open quote": (HEADER + '2020-01-02,"1,3,1,2\n', "EOF inside string"),
    "no Close": (GOOD.replace("Close", "Ending"), "no column Close; found Date, Open"),
    "two Close": (GOOD.replace("Low", "Close"), "has more than one column Close"),
    "two Date": (GOOD.replace("Open", "Date"), "has more than one column Date"),
    "header twice": (GOOD + GOOD, "2020-01-02 is in more than one row of column Date (line 2, 6)"),
    "mixed date forms": (GOOD + row("07/01/2020"), "line 5, column Date: '07/01/2020' is not a date"),
    "mixed compact": (HEADER + row("20200102") + row("2020-01-03"), "line 3, column Date: '2020-01-03' is not a date"),
    "day and month": (HEADER + row("13/01/2020") + row("01/14/2020"), "line 3, column Date: '01/14/2020' is not a"),
    "day or month": (HEADER + row("01/02/2020"), "column Date: '01/02/2020' may be day.month.year or month.day.year"),
    "time zones": (
        HEADER + row("2020-01-02 09:00:00+09:00") + row("2020-01-03 09:00:00-05:00"),
        "line 3, column Date: '2020-01-03 09:00:00-05:00' is of another time zone",
    ),
    "zone in a row": (HEADER + row("2020-01-02 09:00:00") + row("2020-01-03 09:00:00Z"), "line 3, column Date: '2020"),
    "zone but in a row": (HEADER + row("2020-01-02 09:00Z") + row("2020-01-03 09:00"), "line 3, column Date: '2020-01"),
    "year 0": (GOOD + row("0000-01-01"), "line 5, column Date: 0000-01-01 lies outside 1000-01-01 to 2200-12-31"),
    "year 1": (GOOD + row("0001-01-01"), "line 5, column Date: 0001-01-01 lies outside 1000-01-01 to 2200-12-31"),
    "year 9999": (GOOD + row("9999-12-31"), "line 5, column Date: 9999-12-31 lies outside 1000-01-01 to 2200-12-31"),
    "year 10000": (GOOD + row("10000-01-01"), "line 5, column Date: '10000-01-01' is not a date"),
    "after 2200": (GOOD + row("2201-01-01"), "line 5, column Date: 2201-01-01 lies outside"),
    "no such day": (HEADER + row("2021-02-29"), "line 2, column Date: '2021-02-29' is not a date"),
    "hour 25": (HEADER + row("30-01-2020 25:00"), "line 2, column Date: '30-01-2020 25:00' is not a date"),
    "minute 99": (HEADER + row("30-01-2020 10:99"), "line 2, column Date: '30-01-2020 10:99' is not a date"),
    "same date": (GOOD + row("2020-01-03"), "2020-01-03 is in more than one row of column Date (line 3, 5)"),
    "nothing but null": (HEADER + row("2020-01-02", *["null"] * 4), "no row with a date and Open, High, Low, Close"),
    "negative": (GOOD + row("2020-01-07", "-1"), "line 5, column Open: -1 is no price: it must be above 0"),
    "High below Low": (GOOD + row("2020-01-07", "2", "1", "2.5"), "line 5: High (1) lies below Low (2.5)"),
    "infinite": (GOOD + row("2020-01-07", close="inf"), "line 5, column Close: 'inf' is not a finite number"),
    "minus infinite": (GOOD + row("2020-01-07", close="-Infinity"), "line 5, column Close: '-Infinity' is not a"),
    "beyond a float": (GOOD + row("2020-01-07", close="1e999"), "line 5, column Close: '1e999' is not a finite number"),
    "400 digits": (GOOD + row("2020-01-07", close="9" * 400), "line 5, column Close: '9999"),
    "hexadecimal": (GOOD + row("2020-01-07", close="0x1F"), "line 5, column Close: '0x1F' is not a finite number"),
    "30,000 columns": (
        ",".join(["Date", *COLUMNS, *"x" * 30_000]) + "\n1\n",
        "has 30,005 columns; up to 4,000 are read",
    ),
    "a million columns": (",".join(["Date", *COLUMNS, *map(str, range(10**6))]), "line 1 is too long"),
}


@pytest.mark.parametrize(("content", "message"), CSVS.values(), ids=CSVS)
def test_a_broken_csv(tmp_path, content, message):
    path = tmp_path / "prices.csv"
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    said = refusal(read_rows, path, COLUMNS)
    assert said.startswith(f"{path}: ")
    assert message in said
    assert [found.name for found in tmp_path.iterdir()] == ["prices.csv"]


OPTIONS = {
    "an encoding of no text": (Options(encoding="hex"), "can't be decoded as hex (series.read.encoding)"),
    "an encoding that needs a mark": (Options(encoding="utf-32"), "can't be decoded as utf-32 (series.read.encoding)"),
    "a stray %": (Options(date_format="%"), "series.read.date_format '%': stray %"),
    "a day twice": (Options(date_format="%d%d"), "series.read.date_format '%d%d': redefinition"),
    "one column of dates twice": (Options(date=("Date", "date")), "series.date names column Date twice"),
}


@pytest.mark.parametrize(("options", "message"), OPTIONS.values(), ids=OPTIONS)
def test_a_wrong_option(options, message):
    assert f"p.csv: {message}" in refusal(read_rows, io.BytesIO(GOOD.encode()), COLUMNS, "p.csv", options)


def fill_sparse(path):
    with path.open("wb") as file:
        file.truncate(10**8)


def fill_line(path, start, part):
    with path.open("wb") as file:
        file.write(start)
        for _ in range(100):
            file.write(part * 10**6)


HUGE = {
    "NUL bytes": (fill_sparse, "line 1 is not text (a NUL byte)"),
    "one word": (lambda path: fill_line(path, b"", b"x"), "line 1 is too long: up to 65,536 bytes are read"),
    "one number": (lambda path: fill_line(path, b"Date,Close\n2020-01-02,", b"9"), "line 2 is too long"),
    "cells": (lambda path: fill_line(path, b"Date,Close\n2020-01-02", b","), "line 2 is too long"),
}


@pytest.mark.parametrize(("fill", "message"), HUGE.values(), ids=HUGE)
def test_a_line_of_100_mb(tmp_path, fill, message):
    path = tmp_path / "prices.csv"
    fill(path)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    assert message in refusal(read_rows, path, ["Close"])
    path.unlink()
    assert (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) * 1024 < MEMORY / 4


def test_a_folder_in_the_place_of_a_csv(tmp_path):
    assert f"{tmp_path}: can't be read" in refusal(read_rows, tmp_path, ["Close"])


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read all")
def test_a_csv_without_the_right_to_read(tmp_path):
    path = tmp_path / "prices.csv"
    path.write_text(GOOD)
    path.chmod(0)
    assert "can't be read" in refusal(read_rows, path, ["Close"])


def test_the_date_as_a_feature():
    assert "column Date holds the dates" in refusal(read_rows, io.BytesIO(GOOD.encode()), ["Date", "Close"])


def test_a_row_with_empty_cells_is_left_out_and_named():
    prices = read_rows(io.BytesIO((GOOD + "2020-01-07,1,3,,\n").encode()), COLUMNS, "p.csv")
    assert len(prices.frame) == 3
    assert prices.notices == ("p.csv: 1 row with empty cells dropped (line 5)",)


DAYS = ["2020-01-02", "2020-01-03", "2020-01-06"]


def closes(*dates):
    return HEADER + "".join(row(date, close=f"2.{number}") for number, date in enumerate(dates, 1))


PLAIN = closes(*DAYS)
VALID = {
    "CRLF": (PLAIN.replace("\n", "\r\n"), DAYS),
    "CR": (PLAIN.replace("\n", "\r"), DAYS),
    "BOM": ("\ufeff" + PLAIN, DAYS),
    "control characters": (PLAIN.replace("Date", "Da\x1c\u2028te"), DAYS),
    "reversed": ("".join([HEADER, *reversed(PLAIN.splitlines(keepends=True)[1:])]), DAYS),
    "extra columns": (PLAIN.replace("\n", ",é;x\n").replace("é;x", "Note", 1), DAYS),
    "other columns twice": (PLAIN.replace("\n", ",7,8\n").replace("7,8", "Note,Note", 1), DAYS),
    "other columns called as if they were numbered": (
        PLAIN.replace("\n", ",7,8,9\n").replace("7,8,9", "Note,Note,Note.1", 1),
        DAYS,
    ),
    "null rows": (PLAIN + "2020-01-07,null,null,null,null\n", DAYS),
    "quoted": ("\n".join('"' + line.replace(",", '","') + '"' for line in PLAIN.split()), DAYS),
    "leap day": (closes("2020-02-28", "2020-02-29", "2020-03-01"), ["2020-02-28", "2020-02-29", "2020-03-01"]),
    "weekend": (closes("2020-01-03", "2020-01-04", "2020-01-05"), ["2020-01-03", "2020-01-04", "2020-01-05"]),
    "seconds": (
        closes("2020-01-02 09:00:01", "2020-01-02 09:00:02", "2020-01-02T23:59:59"),
        ["2020-01-02T09:00:01", "2020-01-02T09:00:02", "2020-01-02T23:59:59"],
    ),
    "time zone": (closes(*[f"{day} 00:00:00+09:00" for day in DAYS]), DAYS),
    "time zone without minutes": (closes(*[f"{day} 00:00:00+09" for day in DAYS]), DAYS),
    "time zone after a clock without colons": (closes(*[f"{day}T000000+0900" for day in DAYS]), DAYS),
    "time zone of compact dates": (closes(*[f"{day.replace('-', '')}T0000+09" for day in DAYS]), DAYS),
    "summer time": (
        closes("2020-03-06 09:30:00-05:00", "2020-03-09 09:30:00-04:00", "2020-03-10 09:30:00-0400"),
        ["2020-03-06T09:30", "2020-03-09T09:30", "2020-03-10T09:30"],
    ),
    "spaces": (PLAIN.replace("2020", " 2020").replace(",2.", " ,  2."), DAYS),
    "blank lines": (PLAIN.replace("\n", "\n\n   \n"), DAYS),
    "lower-case date": (PLAIN.replace("Date", "date"), DAYS),
    "upper-case date": (PLAIN.replace("Date", "DATE"), DAYS),
    "Korean date": (PLAIN.replace("Date", "날짜"), DAYS),
    "compact": (PLAIN.replace("2020-01-", "202001"), DAYS),
    "slashes": (closes("2019/1/30", "2019/1/31", "2019/2/1"), ["2019-01-30", "2019-01-31", "2019-02-01"]),
    "day first": (closes("30-01-2019", "31-01-2019", "01-02-2019"), ["2019-01-30", "2019-01-31", "2019-02-01"]),
    "day first, a clock": (
        closes("30-01-2019 9:30", "30-01-2019 23:59:58", "31-01-2019 00:00:00.5"),
        ["2019-01-30T09:30", "2019-01-30T23:59:58", "2019-01-31T00:00:00.5"],
    ),
    "words": (closes('"Jan 30, 2019"', '"Jan 31, 2019"', '"Feb 1, 2019"'), ["2019-01-30", "2019-01-31", "2019-02-01"]),
    "scientific": (PLAIN.replace("2.1", "21e-1").replace("2.2", "0.22E+1"), DAYS),
    "first and last day": (
        closes("1000-01-01", "2000-01-01", "2200-12-31"),
        ["1000-01-01", "2000-01-01", "2200-12-31"],
    ),
}


@pytest.mark.parametrize("features", [COLUMNS, ["Close"]], ids=["all", "one"])
@pytest.mark.parametrize(("text", "dates"), VALID.values(), ids=VALID)
def test_odd_and_valid(text, dates, features):
    frame = read_rows(io.BytesIO(text.encode()), features, "prices.csv").frame
    assert frame.index.tolist() == [np.datetime64(date) for date in dates]
    assert frame["Close"].tolist() == [2.1, 2.2, 2.3]
    assert list(frame) == features


def idx(*shape, values=None, magic=None):
    kind = 0x800 + len(shape) if magic is None else magic
    content = bytes(int(np.prod(shape))) if values is None else bytes(values)
    return gzip.compress(struct.pack(f">{1 + len(shape)}I", kind, *shape) + content, mtime=0)


def bomb(members):
    """10 GB of zeros in so many gzip members."""
    if members > 1:
        return members * gzip.compress(bytes(10**10 // members), 9, mtime=0)
    packer = zlib.compressobj(9, wbits=31)
    head = packer.compress(struct.pack(">II", 0x801, 10**9)) + packer.flush(zlib.Z_FULL_FLUSH)
    block = packer.compress(bytes(10**7)) + packer.flush(zlib.Z_FULL_FLUSH)
    return head + block * 1000  # a full flush leaves no reference behind: the block may be said again


LABELS = idx(3, values=[7, 2, 1])
IDX = {
    "empty": (b"", 1, "does not begin as an idx file of 1 dimensions"),
    "text": (b"7,2,1\n", 1, "is not a gzip file"),
    "not packed": (gzip.decompress(LABELS), 1, "is not a gzip file"),
    "truncated in the values": (LABELS[:-11], 1, "should hold 3 values, holds"),
    "truncated in the checksum": (LABELS[:-5], 1, "is cut short"),
    "truncated in the header": (LABELS[:11], 1, "does not begin as an idx file"),
    "wrong checksum": (LABELS[:-8] + bytes(8), 1, "is not a gzip file"),
    "wrong magic": (idx(3, magic=0x0D01), 1, "does not begin as an idx file of 1 dimensions"),
    "wrong dimensions": (idx(2, 2, 2), 1, "does not begin as an idx file of 1 dimensions"),
    "too few values": (idx(3, values=[1, 2]), 1, "should hold 3 values, holds 2"),
    "too many values": (idx(3, values=[1, 2, 3, 4]), 1, "should hold 3 values, holds 4"),
    "no value": (idx(0), 1, "holds no value"),
    "no column": (idx(5, 0, 28), 3, "holds no value (its dimensions are 5 x 0 x 28)"),
    "sizes beyond 64 bits": (
        gzip.compress(struct.pack(">IIII", 0x803, 2**31, 2**31, 4), mtime=0),
        3,
        "should hold 18,446,744,073,709,551,616 values, holds 0",
    ),
    "goes on": (LABELS + b"junk", 1, "has further bytes after its end"),
}


@pytest.mark.parametrize(("packed", "dimensions", "message"), IDX.values(), ids=IDX)
def test_a_broken_idx_file(packed, dimensions, message):
    said = refusal(read_idx, packed, dimensions, "labels.gz")
    assert said.startswith("labels.gz: ")
    assert message in said


@pytest.mark.parametrize(
    ("members", "message"), [(1, "unpacks to more than 200,000,000 bytes"), (1000, "has further bytes after its end")]
)
def test_a_gzip_bomb(members, message):
    packed = bomb(members)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    assert message in refusal(read_idx, packed, 1, "labels.gz")
    assert (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) * 1024 < MEMORY


PARTS = {
    f"{part}-{kind}": idx(*shape)
    for part in ("train", "t10k")
    for kind, shape in (("images-idx3-ubyte.gz", (2, 4, 4)), ("labels-idx1-ubyte.gz", (2,)))
}
DIGITS = {
    "label 10": (
        {"train-labels-idx1-ubyte.gz": idx(2, values=[9, 10])},
        "train-labels-idx1-ubyte.gz: label 2 is 10; 0",
    ),
    "a label too many": ({"t10k-labels-idx1-ubyte.gz": idx(3)}, "t10k-labels-idx1-ubyte.gz: 2 images and 3 labels"),
    "other size": ({"t10k-images-idx3-ubyte.gz": idx(2, 4, 5)}, "data/raw/digits: the images of train and t10k differ"),
    "truncated": ({"train-images-idx3-ubyte.gz": idx(2, 4, 4)[:20]}, "train-images-idx3-ubyte.gz: "),
}


def test_a_broken_sample_of_digits(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    YAML(typ="safe").dump(PARAMS, tmp_path / "params.yaml")
    (tmp_path / "data/raw/digits").mkdir(parents=True)
    (tmp_path / "data/raw/digits/sample-images-idx3-ubyte.gz").write_bytes(idx(2, 8, 8)[:-5])
    said = refusal(scale.scale_digits)
    assert said == "data/raw/digits/sample-images-idx3-ubyte.gz: is cut short: its checksum is missing"
    assert not (tmp_path / "data/scaled").exists()


@pytest.mark.parametrize(("changed", "message"), DIGITS.values(), ids=DIGITS)
def test_broken_digits(tmp_path, monkeypatch, changed, message):
    monkeypatch.chdir(tmp_path)
    YAML(typ="safe").dump(change(PARAMS, "digits.source", "mnist"), tmp_path / "params.yaml")
    (tmp_path / "data/raw/digits").mkdir(parents=True)
    for name, packed in (PARTS | changed).items():
        (tmp_path / "data/raw/digits" / name).write_bytes(packed)
    assert message in refusal(scale.scale_digits)
    assert not (tmp_path / "data/scaled").exists()


# A model has a default target and rollout, and is one of many: these may be missing.
OPTIONAL = {f"models.{name}{key}" for name in PARAMS["models"] for key in ("", ".target", ".rollout")}
OPTIONAL -= {f"models.{name}" for name in PARAMS["backtest"]["models"]}


@pytest.mark.parametrize("key", [key for key in keys(PARAMS) if key not in OPTIONAL])
def test_a_missing_parameter(key):
    walks = key.startswith("models.") and key.count(".") == 1  # a whole model: backtest.models names it
    message = f"backtest.models: {key[7:]} is no model" if walks else f"{key}: is missing"
    assert message in refusal(parse, change(PARAMS, key))


VALUES = [
    ("series.colour", 1, "series.colour: unknown key; allowed: source, path"),
    ("colour", 1, "colour: unknown key; allowed: series, digits"),
    ("training.series.epoch", 1, "training.series.epoch: unknown key; allowed: epochs"),
    ("series", None, "series: "),
    ("series.window", 5, "series.window: "),
    ("models", [1], "models: "),
    ("models", {}, "models: "),
    ("models.gru", None, "models.gru: "),
    ("models.Series-GRU", {}, "models.Series-GRU: "),
    ("series.path", "", "series.path: "),
    ("series.path", "a\0b", "series.path: "),
    ("series.path", 7, "series.path: "),
    ("series.start", "yesterday", "series.start: "),
    ("series.end", True, "series.end: "),
    ("series.start", 0, "series.start: should be a day, 'YYYY-MM-DD' (found 0)"),
    ("series.start", "1577836800", "series.start: should be a day, 'YYYY-MM-DD' (found '1577836800')"),
    ("backtest.models", ["gru", "gru"], "backtest.models: gru is given twice"),
    ("memory.cells", ["rnn", "gru", "rnn"], "memory.cells: rnn is given twice"),
    ("memory.lengths", [10, 10], "memory.lengths: 10 is given twice"),
    ("models.gru.num_layers", 1001, "models.gru.num_layers: input should be less than or equal to 1000"),
    ("training.series.seeds", 1001, "training.series.seeds: input should be less than or equal to 1000 (found 1001)"),
    ("series.features", "Close", "series.features: "),
    ("series.features", ["Open", ""], "series.features.1: "),
    ("series.features", [], "series.features: "),
    ("series.window.length", "5", "series.window.length: input should be a valid integer (found '5')"),
    ("series.window.length", 5.0, "series.window.length: "),
    ("series.window.length", 0, "series.window.length: input should be greater than or equal to 1 (found 0)"),
    ("series.window.horizon", 21, "series.window.horizon: input should be less than or equal to 20 (found 21)"),
    ("series.split.train", 1.5, "series.split.train: "),
    ("series.split.train", True, "series.split.train: "),
    ("digits.split.validation", -1, "digits.split.validation: "),
    ("training.series.seed", 2**32, "training.series.seed: "),
    ("training.series.learning_rate", 0, "training.series.learning_rate: "),
    ("training.series.learning_rate", float("inf"), "training.series.learning_rate: "),
    ("training.series.max_grad_norm", -1.0, "training.series.max_grad_norm: "),
    ("training.series.epochs", None, "training.series.epochs: "),
    ("memory.lengths", [1], "memory.lengths.0: input should be greater than or equal to 2 (found 1)"),
    ("memory.cells", ["mlp"], "memory.cells: mlp is none of rnn, lstm, gru"),
    ("device", "tpu", "device: input should be 'auto', 'cpu' or 'cuda' (found 'tpu')"),
    ("threads", "many", "threads: "),
    ("threads", 1025, "threads: "),
    (
        "training.series.batch_size",
        2**31,
        "training.series.batch_size: input should be less than 2147483648 (found 214",
    ),
    ("executor", "dask", "executor: input should be 'local' or 'ray' (found 'dask')"),
    ("workers", 0, "workers: "),
    ("workers", 1025, "workers: "),
    ("ranks", 0, "ranks: "),
    # Contradictions.
    ("series.features", ["Open", "Open"], "series: features names a column twice"),
    ("models.gru.epochs", None, "models.gru: epochs is null"),
    ("models.digits_bigru.output", "sigmoid", "models.digits_bigru: output sigmoid is for track series"),
    ("models.digits_bigru.rollout", True, "models.digits_bigru: output linear is for track series"),
    ("models.mlp.output", "sequence", "models.mlp: output sequence forecasts at each step"),
    ("models.digits_bigru.target", "change", "models.digits_bigru: target change is for track series"),
    ("models.rnn.target", "change", "models.rnn: target change is for track series with output linear"),
    ("models.mlp.bidirectional", True, "models.mlp: cell mlp has no direction"),
    ("training.series.patience", 5, "patience of rnn needs a validation part: series.split.validation is 0"),
    ("models.gru.rollout", True, "rollout of gru feeds its forecasts back: series.features must be [Close]"),
    ("backtest.models", ["digits_bigru"], "backtest.models: digits_bigru is no model of track series"),
]


@pytest.mark.parametrize(("key", "value", "message"), VALUES, ids=lambda value: str(value)[:30])
def test_a_wrong_parameter(key, value, message):
    said = refusal(parse, change(PARAMS, key, value))
    assert said.startswith("params.yaml is not valid:")
    assert message in said


BROKEN_YAML = {
    "no such day": "start: 2020-13-45",
    "no such hour": "start: 2020-01-02 25:00:00",
    "a tag that does not fit": "!!int x",
    "a tag without a value": "!!int ",
    "5,000 digits": "9" * 5000,
    "open": "[",
    "deep": "[" * 5000,
    "a key twice": "a: 1\na: 2",
    "a Python object": "!!python/object/apply:os.system [ls]",
    "a NUL byte": "a: \0",
}


@pytest.mark.parametrize("text", BROKEN_YAML.values(), ids=BROKEN_YAML)
def test_a_params_yaml_that_cannot_be_read(text):
    assert refusal(read_params, io.BytesIO(text.encode())).startswith("params.yaml: can't be read: ")


def test_an_alias_that_stands_for_gigabytes_is_shown_in_short():
    lines = ["a: &a0 [x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]" for n in range(1, 10)]
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    assert "series: input should be" in refusal(read_params, io.BytesIO("\n".join([*lines, "series: *a9"]).encode()))
    assert (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) * 1024 < MEMORY / 4


def test_many_mistakes_are_counted():
    assert "  and 4981 more" in refusal(parse, change(PARAMS, "memory.lengths", [0] * 5000))


def test_the_end_before_the_start():
    backwards = change(change(PARAMS, "series.start", "2020-02-01"), "series.end", "2020-01-01")
    assert "series: start (2020-02-01) lies after end (2020-01-01)" in refusal(parse, backwards)


torch.manual_seed(0)
STATE = build(NETWORK).state_dict()
WEIGHTS = pack({0: STATE}, PACKED)


def with_weight(value):
    state = {name: tensor.clone() for name, tensor in STATE.items()}
    state["linear.bias"][0] = value
    return pack({0: state}, PACKED)


def with_config(key, *value):
    return pack({0: STATE}, change(PACKED, key, *value))


def with_header(header):
    return save({f"0.{name}": tensor for name, tensor in STATE.items()}, header)


DAMAGED = "the config in its header is damaged: "
BROKEN_WEIGHTS = {
    "empty": (b"", "can't be read as weights"),
    "a huge header": (struct.pack("<Q", 2**60) + b"{}", "can't be read as weights"),
    "truncated": (WEIGHTS[:-3], "can't be read as weights"),
    "other architecture": (with_config("network.hidden_size", 5), "the weights of seed 0 do not fit their config"),
    "no bias": (pack({0: {"linear.weight": STATE["linear.weight"]}}, PACKED), "of seed 0 do not fit their config"),
    "NaN": (with_weight(float("nan")), "weights of seed 0 are not finite numbers: train it again"),
    "infinite": (with_weight(float("inf")), "weights of seed 0 are not finite numbers: train it again"),
    "no tensor": (pack({}, PACKED), "holds no weights"),
    "no seed": (save({"a.b": torch.ones(2)}, {FORMAT: json.dumps(PACKED)}), "tensor a.b: its name should begin with"),
    "no header": (with_header(None), f"its header has no {FORMAT}"),
    "older format": (with_header({"rnnlab-1": "{}"}), f"is of format rnnlab-1, and this program reads {FORMAT}"),
    "no JSON": (with_header({FORMAT: "{no"}), "the config in its header is not JSON"),
    "deep JSON": (with_header({FORMAT: "[" * 10**5}), "the config in its header is not JSON"),
    "5,000 digits": (with_header({FORMAT: "9" * 5000}), "the config in its header is not JSON"),
    "a list": (with_header({FORMAT: "[1]"}), f"{DAMAGED}Input should be an object"),
    "no network": (with_config("network"), f"{DAMAGED}network: Field required"),
    "no length": (with_config("network.length"), f"{DAMAGED}network.length: Field required"),
    "unknown cell": (with_config("network.cell", "transformer"), f"{DAMAGED}network.cell: Input should be 'rnn'"),
    "a size in words": (with_config("network.hidden_size", "4"), f"{DAMAGED}network.hidden_size: "),
    "a size beyond memory": (with_config("network.hidden_size", 10**9), f"{DAMAGED}network.hidden_size: "),
    "unknown argument": (with_config("network.dropout", 0.1), f"{DAMAGED}network.dropout: Extra inputs"),
    "no track": (with_config("track"), f"{DAMAGED}track: Field required"),
    "unknown track": (with_config("track", "bonds"), f"{DAMAGED}track: Input should be 'series' or 'digits'"),
    "no count of parameters": (with_config("parameters"), f"{DAMAGED}parameters: Field required"),
    "no list of diverged seeds": (with_config("diverged"), f"{DAMAGED}diverged: Field required"),
    "no target": (with_config("target"), f"{DAMAGED}target: Field required"),
    "no scaler": (with_config("scaler"), f"{DAMAGED}scaler: Field required"),
    "scaler without minimum": (with_config("scaler.minimum"), f"{DAMAGED}scaler.minimum: Field required"),
    "scaler of words": (with_config("scaler.minimum", [["a", "b"]]), f"{DAMAGED}scaler.minimum.0.0: "),
    "scaler with NaN": (with_config("scaler.minimum", [[float("nan"), 1.0]]), f"{DAMAGED}scaler.minimum.0.0: "),
    "scaler without range": (
        with_config("scaler.minimum", [[2500.0, 1600.0]]),
        f"{DAMAGED}scaler: column Open: minimum",
    ),
    "scaler of one column": (with_config("scaler.minimum", [[1.0]]), f"{DAMAGED}scaler: columns, minimum and maximum"),
    "scaler without target": (with_config("scaler.target", "Last"), f"{DAMAGED}scaler: Last is none of columns"),
    "a feature too few": (
        with_config("scaler.features", ["Open"]),
        f"{DAMAGED}network.input_size is not the number of scaler.features",
    ),
    "no scaler.target": (with_config("scaler.target"), f"{DAMAGED}scaler.target: Field required"),
}


@pytest.mark.parametrize(("content", "message"), BROKEN_WEIGHTS.values(), ids=BROKEN_WEIGHTS)
def test_broken_weights(tmp_path, content, message):
    path = tmp_path / "w.safetensors"
    path.write_bytes(content)
    said = refusal(unpack, str(path))
    assert said.startswith(f"{path}: ")
    assert message in said


SCALER = {"format": ["rnnlab-scaler", 2], "columns": ["Open", "Close"], "features": ["Open"], "target": "Close"}
SCALER |= {"symbols": ["series"], "minimum": [[1.0, 2.0]], "maximum": [[3.0, 4.0]]}
SCALERS = [
    ("format", [], "s.json: is not of format ['rnnlab-scaler', 2]: make it again"),
    ("format", ["rnnlab-scaler 1"], "s.json: is not of format"),
    *((key, [], f"s.json: is damaged: {key}: Field required") for key in SCALER if key != "format"),  # missing
    ("minimum", [[["1", "2"]]], "minimum.0.0: Input should be a valid number"),
    ("maximum", [[3.0]], "maximum.0: Input should be a valid list"),
    ("maximum", [[[3.0, float("inf")]]], "maximum.0.1: Input should be a finite number"),
    ("columns", [[1, 2]], "columns.0: Input should be a valid string"),
    ("symbols", [["a", "b"]], "symbols, minimum and maximum differ in length"),
    ("columns", [["Open"]], "columns, minimum and maximum differ in length"),
    ("minimum", [[[3.0, 2.0]]], "column Open: minimum 3.0 should be below maximum 3.0"),
    ("features", [[]], "features: List should have at least 1 item"),
    ("features", [["Volume"]], "Volume is none of columns"),
    ("target", ["Last"], "Last is none of columns"),
]


@pytest.mark.parametrize(("key", "value", "message"), SCALERS)
def test_a_broken_scaler(key, value, message):
    assert message in refusal(check_scaler, change(SCALER, key, *value), "series", "s.json")


def test_a_scaler_whose_range_is_no_number():
    apart = SCALER | {"minimum": [[-1e308, 2.0]], "maximum": [[1e308, 4.0]]}
    assert "column Open: minimum -1e+308 and maximum 1e+308 are too far" in refusal(check_scaler, apart, "series", "s")


PIXELS = {"format": ["rnnlab-scaler", 2], "minimum": 0, "maximum": 16, "own_test": 0}


@pytest.mark.parametrize(("key", "value"), [("minimum", []), ("maximum", [0]), ("own_test", []), ("own_test", [-1])])
def test_a_broken_scaler_of_pixels(key, value):
    assert f"s.json: is damaged: {key}: " in refusal(check_scaler, change(PIXELS, key, *value), "digits", "s.json")


BOARD = {"format": ["rnnlab-leaderboard", 2], "series": {"persistence": {"rmse": 1.0}}}


@pytest.mark.parametrize(
    ("key", "value", "message"),
    [
        ("format", [], "b.json: is not of format ['rnnlab-leaderboard', 2]: make it again"),
        ("series", [[1]], "b.json: is damaged: series: Input should be a valid dictionary"),
        ("series.persistence", [[1]], "b.json: is damaged: series.persistence: Input should be a valid dictionary"),
        (
            "series.persistence.rmse",
            ["1"],
            "b.json: is damaged: series.persistence.rmse: Input should be a valid number",
        ),
    ],
)
def test_a_broken_leaderboard(key, value, message):
    assert message in refusal(check_headline, change(BOARD, key, *value), "b.json")


ARRAY = io.BytesIO()
np.save(ARRAY, np.arange(3.0))


BROKEN_ARRAYS = [
    b"",
    b"no array",
    ARRAY.getvalue()[:-1],
    ARRAY.getvalue()[:50],
    ARRAY.getvalue().replace(b"<f8", b"|O8"),
]


@pytest.mark.parametrize("content", BROKEN_ARRAYS)
def test_a_broken_array(tmp_path, content):
    (tmp_path / "inputs.npy").write_bytes(content)
    assert f"{tmp_path / 'inputs.npy'}: is no array's file" in refusal(read_arrays, tmp_path, "inputs")


@pytest.mark.parametrize("content", [b"", b"{", b"\xff\xfe{}", b"[" * 10**5])
def test_a_file_that_is_no_json(tmp_path, content):
    path = tmp_path / "scaler.json"
    path.write_bytes(content)
    assert f"{path}: is not JSON" in refusal(read_json, path)


def test_a_constant_column():
    prices = read_rows(io.BytesIO(GOOD.encode()), ["Close"])
    said = refusal(MinMaxScaler.fit, {"Close": prices.frame["Close"].to_numpy()})
    assert "column Close does not vary in the 3 rows" in said


def test_a_column_whose_range_is_no_number():
    said = refusal(MinMaxScaler.fit, {"Volume": np.array([-1.5e308, 1.5e308])})
    assert "column Volume goes from -1.5e+308 to 1.5e+308: too far apart" in said


LIMITED = """
import atexit, pathlib, resource, runpy, sys
{imports}
def memory(kind):
    return next(int(line.split()[1]) for line in open("/proc/self/status") if line.startswith(kind)) * 1024
# Addresses are no memory, and allocators reserve many where there are many processors: this only spares the machine.
resource.setrlimit(resource.RLIMIT_AS, (memory("VmSize") + 2**33,) * 2)
before = memory("VmRSS")
atexit.register(lambda: pathlib.Path({peak!r}).write_text(str(memory("VmHWM") - before)))
sys.argv = {words}
{call}
"""
FETCH = (
    "import rnnlab.data.csv_reader, rnnlab.data.sources, rnnlab.core.files, rnnlab.core.params_file",
    ["fetch", "series"],
    'runpy.run_module("stages.fetch", run_name="__main__")',
)
FORECAST = (
    "import rnnlab.cli, rnnlab.networks.weights, rnnlab.forecasting.next_steps, rnnlab.data.csv_reader",
    ["rnnlab", "forecast", "--model", "small", "--data", "prices.csv"],
    "rnnlab.cli.main()",
)
PROCESSES = {
    "fetch, a line of 100 MB": (
        FETCH,
        lambda path: fill_line(path, b"Date,Open,High,Low,Close,Volume\n", b"9"),
        "line 2 is too long",
    ),
    "fetch, High below Low": (
        FETCH,
        lambda path: path.write_text(
            GOOD.replace("Close", "Close,Volume").replace(",2\n", ",2,0\n").replace("3,1", "1,3")
        ),
        "prices.csv: line 2: High (1) lies below Low (3)",
    ),
    "forecast, NUL bytes": (FORECAST, fill_sparse, "prices.csv: line 1 is not text (a NUL byte)"),
}


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="reads /proc")
@pytest.mark.parametrize(("command", "fill", "message"), PROCESSES.values(), ids=PROCESSES)
def test_a_command(tmp_path, tmp_path_factory, root, record_property, command, fill, message):
    """As a process: exit code 1, one message, data/ as it was, and less than 1 GiB above what its imports take."""
    YAML(typ="safe").dump(
        change(change(PARAMS, "series.source", "csv"), "series.path", "prices.csv"), tmp_path / "params.yaml"
    )
    for name, content in {"data/raw/series/prices.csv": b"old", "models/small.safetensors": WEIGHTS}.items():
        (tmp_path / name).parent.mkdir(parents=True)
        (tmp_path / name).write_bytes(content)
    fill(tmp_path / "prices.csv")
    before = sorted(tmp_path.rglob("*"))
    peak = tmp_path_factory.mktemp("memory") / "peak"
    imports, words, call = command
    done = subprocess.run(
        [sys.executable, "-c", LIMITED.format(imports=imports, words=words, call=call, peak=str(peak))],
        cwd=tmp_path,
        env=os.environ | {"PYTHONPATH": str(root), "PYTHONDONTWRITEBYTECODE": "1"},
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.startswith("error: ")
    assert message in done.stderr
    assert "Traceback" not in done.stderr
    assert sorted(tmp_path.rglob("*")) == before
    assert (tmp_path / "data/raw/series/prices.csv").read_bytes() == b"old"
    record_property("memory above the imports, MiB", round(int(peak.read_text()) / 2**20))
    assert int(peak.read_text()) < MEMORY
