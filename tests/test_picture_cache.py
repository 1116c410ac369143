"""A picture is drawn again when what it shows changed, and only then."""

import os

import pytest

from rnnlab.reporting import picture_cache
from rnnlab.reporting.picture_cache import PictureCache

SPEC = {"data": {"values": "a,b\n1,2"}, "mark": "line"}


@pytest.fixture
def drawn(monkeypatch):
    """The charts that were drawn, by a drawing that is quick."""
    drawn = []

    def draw(spec):
        drawn.append(spec)
        return str(spec).encode()

    monkeypatch.setattr(picture_cache, "to_png", draw)
    return drawn


def test_the_same_picture_is_drawn_once_also_by_another_process(tmp_path, drawn):
    found = [PictureCache(tmp_path / "made").png(dict(SPEC)) for _ in range(2)]
    assert found == [str(SPEC).encode()] * 2
    assert drawn == [SPEC]


def test_another_specification_is_another_picture(tmp_path, drawn):
    cache = PictureCache(tmp_path)
    cache.png(SPEC)
    assert cache.png(SPEC | {"mark": "point"}) == str(SPEC | {"mark": "point"}).encode()
    assert len(drawn) == 2


def test_another_version_of_the_drawing_package_draws_anew(tmp_path, drawn, monkeypatch):
    PictureCache(tmp_path).png(SPEC)
    monkeypatch.setattr(picture_cache, "version", lambda _: "another")
    PictureCache(tmp_path).png(SPEC)
    assert drawn == [SPEC, SPEC]


def test_the_scripts_are_made_once(tmp_path, monkeypatch):
    monkeypatch.setattr(picture_cache, "javascript", lambda: "é")
    assert PictureCache(tmp_path).scripts() == "é"
    monkeypatch.setattr(picture_cache, "javascript", lambda: "other")
    assert PictureCache(tmp_path).scripts() == "é"


def test_the_last_that_were_used_stay(tmp_path, drawn, monkeypatch):
    monkeypatch.setattr(picture_cache, "KEPT", 2)
    cache = PictureCache(tmp_path)
    for title in "abc":
        cache.png({"title": title})
    for path in tmp_path.iterdir():
        os.utime(path, (0, 0))
    cache.png({"title": "a"})
    cache.png({"title": "b"})
    cache.forget_the_oldest()
    assert sorted(path.read_bytes() for path in tmp_path.iterdir()) == [b"{'title': 'a'}", b"{'title': 'b'}"]
