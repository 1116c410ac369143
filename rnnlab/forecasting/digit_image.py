"""A picture of a handwritten digit, from anywhere, as the networks' training images look."""

import warnings
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageOps, UnidentifiedImageError

from rnnlab.core.errors import UserError

Array = NDArray[np.float32]
FORMATS = ("PNG", "JPEG", "GIF", "BMP", "TIFF", "WEBP")  # others may start programs (PostScript does)
PIXELS = 4096 * 4096  # at most: a small file may unpack to gigabytes
FAINT = 0.15  # of the darkest ink: less is paper
MNIST_BOX = 20 / 28  # MNIST's digits fit a box of 20 pixels in 28; those of 8 pixels fill their image


def read_picture(path: Path, rows: int, columns: int) -> Array:
    """(rows, columns) in [0, 1], 1 is ink.

    A picture of just that size is taken as it is, but for its colours. Another is cut to its ink, made to fit the box
    that the training images have, and laid down with its centre of mass in the middle, as MNIST was made (LeCun,
    Cortes, Burges, "The MNIST database"). Light paper is recognised by the picture's edge.

    Raises:
        UserError: if the file is missing, no picture, or blank.
    """
    if not path.is_file():
        raise UserError(f"{path}: {'is no regular file' if path.exists() else 'there is no such file'}")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", Image.DecompressionBombWarning)  # its limit is higher
            opened = Image.open(path, formats=FORMATS)
        with opened:
            if opened.width * opened.height > PIXELS:
                raise UserError(f"{path}: has {opened.width} x {opened.height} pixels; up to {PIXELS:,} are read")
            picture = ImageOps.exif_transpose(opened)  # as it was held when it was taken
    except UserError:
        raise
    except UnidentifiedImageError:
        raise UserError(f"{path}: is no picture of a form that is read: {', '.join(FORMATS)}") from None
    except Exception as error:  # whatever a decoder raises of a damaged file
        raise UserError(f"{path}: can't be read as a picture: {error}") from None
    # what is transparent is paper: of the colour on which the ink shows
    for grey in (_grey(picture, paper) for paper in ("white", "black")):
        edge = np.concatenate([grey[0], grey[-1], grey[:, 0], grey[:, -1]])
        ink = 1 - grey if np.median(edge) > 0.5 else grey
        ink = ink - ink.min()
        if ink.max() >= FAINT:
            ink = ink / ink.max()
            return ink if ink.shape == (rows, columns) else _fit(ink, rows, columns)
    raise UserError(f"{path}: is blank: it should show a dark digit on light paper, or a light one on dark")


def _grey(picture: Image.Image, paper: str) -> Array:
    """(rows, columns) from 0, black, to 1, white."""
    if picture.mode.startswith(("I", "F")):  # 16 or more bits, which a conversion would cut off
        deep = np.nan_to_num(np.asarray(picture, np.float32)).astype(np.float64)
        deep -= min(deep.min(), 0)
        return np.asarray(deep / max(deep.max(), 1), np.float32)
    sheet = Image.new("RGBA", picture.size, paper)
    return np.asarray(Image.alpha_composite(sheet, picture.convert("RGBA")).convert("L"), np.float32) / np.float32(255)


def _fit(ink: Array, rows: int, columns: int) -> Array:
    there = ink > FAINT
    top, bottom = np.flatnonzero(there.any(1))[[0, -1]]
    left, right = np.flatnonzero(there.any(0))[[0, -1]]
    cut = ink[top : bottom + 1, left : right + 1]
    box = MNIST_BOX if rows >= 28 else 1
    scale = min(box * rows / cut.shape[0], box * columns / cut.shape[1])
    size = max(1, round(cut.shape[1] * scale)), max(1, round(cut.shape[0] * scale))
    small = np.asarray(Image.fromarray(cut).resize(size, Image.Resampling.BOX))
    small = small / small.max()  # thin strokes are faint when they are shrunk
    weights = small.astype(np.float64)
    middle = [np.average(np.arange(n) + 0.5, weights=weights.sum(axis)) for n, axis in ((size[0], 0), (size[1], 1))]
    free = columns - size[0], rows - size[1]
    place = [
        min(max(round(whole / 2 - centre), 0), room)
        for whole, centre, room in zip((columns, rows), middle, free, strict=True)
    ]
    canvas = np.zeros((rows, columns), np.float32)
    canvas[place[1] : place[1] + size[1], place[0] : place[0] + size[0]] = small
    return canvas
