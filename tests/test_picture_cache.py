"""A picture is drawn again when what it shows changed, and only then."""

import os

import numpy as np
import pandas as pd
import pytest

from rnnlab.reporting import picture_cache
from rnnlab.reporting.picture_cache import PictureCache

TABLE = pd.DataFrame({"day": ["a", "b"], "price": [1.0, 2.0]})


@pytest.fixture
def drawn():
    return []


@pytest.fixture
def plot(drawn):
    def plot(table, title):
        drawn.append(title)
        return f"{title}{table['price'].sum()}".encode()

    return plot


def test_the_same_picture_is_drawn_once_also_by_another_process(tmp_path, plot, drawn):
    found = [PictureCache(tmp_path / "made").draw(plot, TABLE.copy(), "t") for _ in range(2)]
    assert found == [b"t3.0"] * 2
    assert drawn == ["t"]


@pytest.mark.parametrize("changed", [(TABLE.assign(price=[1.0, 2.1]), "t"), (TABLE, "u"), (TABLE[::-1], "t")])
def test_another_value_title_or_order_is_another_picture(tmp_path, plot, drawn, changed):
    cache = PictureCache(tmp_path)
    cache.draw(plot, TABLE, "t")
    assert cache.draw(plot, *changed) == plot(*changed)
    assert len(drawn) == 3


def test_another_version_of_the_code_draws_anew(tmp_path, plot, drawn, monkeypatch):
    PictureCache(tmp_path).draw(plot, TABLE, "t")
    monkeypatch.setattr(picture_cache, "version", lambda _: "of another matplotlib")
    PictureCache(tmp_path).draw(plot, TABLE, "t")
    assert drawn == ["t", "t"]


def test_the_last_that_were_used_stay(tmp_path, plot, monkeypatch):
    monkeypatch.setattr(picture_cache, "KEPT", 2)
    cache = PictureCache(tmp_path)
    for title in "abc":
        cache.draw(plot, TABLE, title)
    for path in tmp_path.glob("*.png"):
        os.utime(path, (0, 0))
    cache.draw(plot, TABLE, "a")
    cache.draw(plot, TABLE, "b")
    cache.forget_the_oldest()
    assert sorted(path.read_bytes() for path in tmp_path.glob("*.png")) == [b"a3.0", b"b3.0"]


def test_arrays_are_told_apart(tmp_path):
    cache, ones = PictureCache(tmp_path), np.ones((2, 2), np.float32)
    assert cache.draw(lambda array: array.tobytes(), ones) != cache.draw(lambda array: array.tobytes(), ones * 2)
