import gzip
import struct

import numpy as np
import pytest

from rnnlab.core.errors import UserError
from rnnlab.data.images import read_idx, to_idx, to_unit_interval

LABELS = gzip.compress(struct.pack(">II", 0x801, 3) + bytes([7, 2, 1]), mtime=0)
IMAGES = gzip.compress(struct.pack(">IIII", 0x803, 2, 2, 3) + bytes(range(12)), mtime=0)


def test_labels_and_images():
    assert read_idx(LABELS, 1, "labels").tolist() == [7, 2, 1]
    assert read_idx(IMAGES, 3, "images").tolist() == [[[0, 1, 2], [3, 4, 5]], [[6, 7, 8], [9, 10, 11]]]


@pytest.mark.promise(number=3)
@pytest.mark.parametrize(
    ("packed", "message"),
    [
        (b"text", "is not a gzip file"),
        (IMAGES, "does not begin as an idx file of 1 dimensions"),
        (gzip.compress(b"", mtime=0), "does not begin as an idx file"),
        (gzip.compress(struct.pack(">II", 0x801, 4) + bytes(3), mtime=0), "should hold 4 values, holds 3"),
    ],
)
def test_a_bad_file_is_named(packed, message):
    with pytest.raises(UserError, match=f"labels: {message}"):
        read_idx(packed, 1, "labels")


@pytest.mark.parametrize("shape", [(6,), (1, 2, 3)])
def test_what_is_written_is_read_again(shape):
    values = np.arange(6, dtype=np.uint8).reshape(shape)
    assert read_idx(to_idx(values), len(shape), "a.gz").tolist() == values.tolist()


def test_unit_interval():
    assert to_unit_interval(np.array([0, 4, 16], np.uint8), 16).tolist() == [0, 0.25, 1]
