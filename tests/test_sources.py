import hashlib
import sys
import types

import numpy as np
import pandas as pd
import pytest

from rnnlab.core.errors import UserError
from rnnlab.data import sources
from rnnlab.data.csv_reader import read_rows

CONTENT = b"prices"
HASH = "sha256:" + hashlib.sha256(CONTENT).hexdigest()


@pytest.fixture(autouse=True)
def no_network(monkeypatch):
    """Downloads fail, and say so."""

    def retrieve(address, *args, **kwargs):
        raise OSError(f"no route to {address}")

    monkeypatch.setattr(sources.pooch, "retrieve", retrieve)


@pytest.fixture
def folder(tmp_path, monkeypatch):
    (tmp_path / "mirror/a").mkdir(parents=True)
    (tmp_path / "mirror/a/b.csv").write_bytes(CONTENT)
    monkeypatch.setenv("RNNLAB_MIRROR", str(tmp_path / "mirror"))
    return tmp_path / "mirror"


def test_the_mirror_fills_the_cache_and_then_the_cache_wins(folder):
    assert sources.locate("a/b.csv", HASH, []).read_bytes() == CONTENT
    (folder / "a/b.csv").unlink()
    cached = sources.locate("a/b.csv", HASH, [])
    assert cached == sources.download_cache() / "a/b.csv"
    assert [path.name for path in cached.parent.iterdir()] == ["b.csv"]


def test_a_cached_file_with_another_content_is_not_taken(folder):
    cached = sources.download_cache() / "a/b.csv"
    cached.parent.mkdir(parents=True)
    cached.write_bytes(b"else")
    assert sources.locate("a/b.csv", HASH, []).read_bytes() == CONTENT


def test_an_address_as_mirror_comes_before_the_public_one(monkeypatch):
    monkeypatch.setenv("RNNLAB_MIRROR", "http://mirror.test/")
    with pytest.raises(UserError) as error:
        sources.locate("a/b.csv", HASH, ["http://public.test/b.csv"])
    message = str(error.value)
    assert message.index("http://mirror.test/a/b.csv") < message.index("http://public.test/b.csv")


def test_the_error_says_what_was_tried_and_how_to_go_on(folder):
    (folder / "a/b.csv").write_bytes(b"else")
    with pytest.raises(UserError) as error:
        sources.locate("a/b.csv", HASH, ["http://public.test/b.csv"])
    for part in ("not there", "another content", "no route to http://public.test", "RNNLAB_MIRROR", "source: sample"):
        assert part in str(error.value)


def test_series_sample():
    sample = sources.series_sample()
    assert len(sample) == 431
    assert str(sample["Date"].iloc[-1].date()) == "2008-10-14"
    assert sample["Close"].iloc[-1] == 362.71


@pytest.mark.parametrize(
    ("name", "rows", "first", "last"),
    [
        ("laser", 431, [86], [24]),
        ("elnino", 732, ["1950-01-01", 23.11], ["2010-12-01", 22.07]),
        ("sunspots", 309, ["1700-01-01", 5.0], ["2008-01-01", 2.9]),
    ],
)
def test_series_that_ship_with_packages(name, rows, first, last):
    table = sources.EMBEDDED[name]()
    assert len(table) == rows
    for place, expected in ((0, first), (-1, last)):
        assert [str(value)[:10] if isinstance(value, str | pd.Timestamp) else value for value in table.iloc[place]] == (
            expected
        )


def test_digits_sample():
    images, labels = sources.digits_sample()
    assert images.shape == (1797, 8, 8)
    assert (images.min(), images.max(), labels[:3].tolist()) == (0, 16, [0, 1, 2])


def yahoo(monkeypatch, rows):
    """A stand-in for yfinance, with Yahoo's shape: columns of two levels."""
    days = pd.date_range("2019-01-30", periods=rows, name="Date")
    columns = pd.MultiIndex.from_product([["Close", "High", "Low", "Open", "Adj Close", "Volume"], ["^KS11"]])
    table = pd.DataFrame(1.5, index=days, columns=columns)
    module = types.SimpleNamespace(download=lambda *args, **kwargs: table)
    monkeypatch.setitem(sys.modules, "yfinance", module)


def test_yahoo_is_the_last_resort_and_loses_the_day_the_tutorial_lacks(monkeypatch, tmp_path):
    yahoo(monkeypatch, 432)  # 2019-11-14 among them
    (tmp_path / "k.csv").write_bytes(sources.kospi())
    frame = read_rows(tmp_path / "k.csv", ["Open", "Close"]).frame
    assert len(frame) == 431
    assert pd.Timestamp("2019-11-14") not in frame.index


def test_yahoo_with_another_number_of_rows(monkeypatch):
    yahoo(monkeypatch, 100)
    with pytest.raises(UserError, match="100 rows came, 431 were expected"):
        sources.kospi()


def test_without_yfinance_the_extra_is_named(monkeypatch):
    monkeypatch.setitem(sys.modules, "yfinance", None)
    with pytest.raises(UserError, match="needs the extra `yahoo`"):
        sources.kospi()


def test_the_real_kospi_scales_to_the_tutorials_figures(mirror, tmp_path):
    from rnnlab.windows.scaling import MinMaxScaler

    columns = ["Open", "High", "Low", "Close"]
    (tmp_path / "k.csv").write_bytes(sources.kospi())
    values = read_rows(tmp_path / "k.csv", columns).frame.to_dict("series")
    scaler = MinMaxScaler.fit(values)
    scaled = np.stack([scaler.transform(values[column], column) for column in columns], axis=1)[:5]
    assert scaled.round(6).tolist() == [
        [0.722898, 0.732351, 0.745525, 0.759235],
        [0.763058, 0.750069, 0.769089, 0.757866],
        [0.751894, 0.745714, 0.769280, 0.756456],
        [0.755809, 0.742538, 0.764596, 0.756415],
        [0.731584, 0.717777, 0.739548, 0.729669],
    ]


def test_the_real_mnist(mirror):
    from rnnlab.data.images import read_idx

    paths = sources.mnist()
    labels = read_idx(paths["t10k-labels-idx1-ubyte.gz"].read_bytes(), 1, "labels")
    images = read_idx(paths["t10k-images-idx3-ubyte.gz"].read_bytes(), 3, "images")
    assert images.shape == (10000, 28, 28)
    assert labels[:5].tolist() == [7, 2, 1, 0, 4]


def test_a_mirror_that_cannot_be_read(folder):
    (folder / "a/b.csv").unlink()
    (folder / "a/b.csv").mkdir()
    with pytest.raises(UserError, match=r"mirror .*b.csv: can't be read: Is a directory"):
        sources.locate("a/b.csv", HASH, [])


def test_a_mirror_in_the_home_of_nobody(monkeypatch):
    monkeypatch.setenv("RNNLAB_MIRROR", "~nobody-of-this-name/data")
    with pytest.raises(UserError, match=r"mirror ~nobody-of-this-name/data/a/b.csv: not there"):
        sources.locate("a/b.csv", HASH, [])


def test_a_copy_that_fails_leaves_nothing(folder, monkeypatch):
    def fill_the_disk(source, target):
        target.write_bytes(CONTENT[:3])
        raise OSError("No space left on device")

    monkeypatch.setattr(sources.shutil, "copyfile", fill_the_disk)
    assert sources.locate("a/b.csv", HASH, []) == folder / "a/b.csv"
    assert list((sources.download_cache() / "a").iterdir()) == []
