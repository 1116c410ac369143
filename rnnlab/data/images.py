"""Decoding of the two forms that the digits come in."""

import gzip
import math
import zlib
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from rnnlab.core.errors import UserError

MAGIC = {1: 0x801, 3: 0x803}  # unsigned bytes in 1 or 3 dimensions
LARGEST = 200_000_000  # bytes when unpacked; MNIST's largest file has 47,040,016


def read_idx(packed: bytes, dimensions: int, name: str) -> NDArray[np.uint8]:
    """Decode a gzipped idx file of unsigned bytes (format: LeCun, Cortes, Burges, "The MNIST database").

    Raises:
        UserError: if the file is cut short, of another kind, or not gzip.
    """
    try:
        unpacker = zlib.decompressobj(wbits=16 + zlib.MAX_WBITS)
        content = unpacker.decompress(packed, LARGEST)
    except (zlib.error, gzip.BadGzipFile) as error:
        raise UserError(f"{name}: is not a gzip file ({error})") from None
    if unpacker.unconsumed_tail:
        raise UserError(f"{name}: unpacks to more than {LARGEST:,} bytes")
    if unpacker.unused_data:
        raise UserError(f"{name}: has further bytes after its end as a gzip file")
    header = 4 + 4 * dimensions
    if len(content) < header or int.from_bytes(content[:4], "big") != MAGIC[dimensions]:
        raise UserError(f"{name}: does not begin as an idx file of {dimensions} dimensions")
    shape = np.frombuffer(content, ">u4", count=dimensions, offset=4).tolist()
    if len(content) != header + math.prod(shape):
        raise UserError(f"{name}: should hold {math.prod(shape):,} values, holds {len(content) - header:,}")
    if not unpacker.eof:
        raise UserError(f"{name}: is cut short: its checksum is missing")
    if 0 in shape:
        raise UserError(f"{name}: holds no value (its dimensions are {' x '.join(map(str, shape))})")
    return np.frombuffer(content, np.uint8, offset=header).reshape(shape)


def to_idx(values: NDArray[np.uint8]) -> bytes:
    """What ``read_idx`` reads. Packed without compression, which would differ from one zlib to another."""
    header = np.array([MAGIC[values.ndim], *values.shape], ">u4").tobytes()
    return gzip.compress(header + values.tobytes(), 0, mtime=0)


def check_labels(images: NDArray[np.uint8], labels: NDArray[np.uint8], name: str) -> None:
    """That each image has a label, and each label is a digit.

    Raises:
        UserError: naming what was found, and the first label that is none.
    """
    if len(images) != len(labels):
        raise UserError(f"{name}: {len(images):,} images and {len(labels):,} labels; as many of both are needed")
    if (wrong := np.flatnonzero(labels > 9)).size:
        raise UserError(f"{name}: label {wrong[0] + 1} is {labels[wrong[0]]}; 0 to 9 are allowed")


def to_unit_interval(images: NDArray[np.uint8], maximum: int) -> NDArray[np.float32]:
    """Pixels 0 .. ``maximum`` -> [0, 1], in the same shape."""
    return images.astype(np.float32) / np.float32(maximum)


def read_digits(folder: Path, source: str) -> tuple[NDArray[np.uint8], NDArray[np.uint8], int, int]:
    """The images (N, T, F) and labels (N,) that ``fetch`` wrote; the largest pixel; how many are the test set's.

    Those are at the end; a source without a test set of its own has 0.

    Raises:
        UserError: if a file is damaged, or its images and labels do not go together.
    """
    parts = []
    for part in ("train", "t10k") if source == "mnist" else ("sample",):
        images, labels = (
            read_idx((folder / name).read_bytes(), dimensions, f"{folder}/{name}")
            for dimensions, name in ((3, f"{part}-images-idx3-ubyte.gz"), (1, f"{part}-labels-idx1-ubyte.gz"))
        )
        check_labels(images, labels, f"{folder}/{part}-labels-idx1-ubyte.gz")
        parts.append((images, labels))
    if len({images.shape[1:] for images, _ in parts}) > 1:
        sizes = " and ".join(str(images.shape[1:]) for images, _ in parts)
        raise UserError(f"{folder}: the images of train and t10k differ in size: {sizes}")
    images, labels = (np.concatenate([part[i] for part in parts]) for i in (0, 1))
    return (images, labels, 255, len(parts[1][1])) if source == "mnist" else (images, labels, 16, 0)
