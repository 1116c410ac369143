"""Which windows or images train, validate and test."""

import numpy as np
from numpy.typing import NDArray

from rnnlab.core.errors import UserError

SAMPLE_TEST_SHARE = 0.2  # of the digits sample, which has no test set of its own
DRAW_SEED = 0  # the draw is part of the data set: models of any seed are tested on the same images


def size(wanted: int | float, count: int) -> int:
    """A number as it is, a share between 0 and 1 of ``count`` rounded to the nearest."""
    return wanted if isinstance(wanted, int) else round(wanted * count)


def in_time_order(count: int, train: int | float, validation: int | float, horizon: int) -> dict[str, tuple[int, int]]:
    """The first window of train, validation and test among ``count`` in time order, and the one after the last.

    Before a part begins, the last horizon - 1 windows are left out: their targets are not known yet when the part's
    first forecast is made.

    Raises:
        UserError: if no window is left to train or to test on.
    """
    n_train, n_validation, gap = size(train, count), size(validation, count), horizon - 1
    test = n_train + n_validation
    if n_train - gap < 1 or test >= count:
        raise UserError(
            f"series.split.train={train} and series.split.validation={validation} take {n_train} + {n_validation} of "
            f"{count} windows, and a horizon of {horizon} leaves out {gap} of the first: at least one must train and "
            "one must be left to test"
        )
    return {"train": (0, n_train - gap), "validation": (n_train, max(n_train, test - gap)), "test": (test, count)}


def draw(labels: NDArray[np.uint8], own_test: int, validation: int | float) -> dict[str, NDArray[np.intp]]:
    """Indices of the images that train, validate and test.

    Args:
        labels: (N,), the class of each image.
        own_test: how many images at the end are the source's own test set; 0: a stratified fifth is drawn.
        validation: how many of the training images are set aside, by a stratified draw.

    Raises:
        UserError: if the draw leaves a class without a training or a validation image.
    """
    from sklearn.model_selection import train_test_split  # a second to import: for digits alone

    train = np.arange(len(labels) - own_test)
    test = np.arange(len(train), len(labels))
    if own_test == 0:
        train, test = train_test_split(train, test_size=SAMPLE_TEST_SHARE, stratify=labels, random_state=DRAW_SEED)
    chosen = size(validation, len(train))
    held_out = train[:0]
    if chosen:
        classes = len(np.unique(labels))
        if not classes <= chosen <= len(train) - classes:
            raise UserError(
                f"digits.split.validation={validation} sets {chosen} of {len(train)} training images aside: "
                f"allowed are 0, or {classes} to {len(train) - classes}"
            )
        train, held_out = train_test_split(train, test_size=chosen, stratify=labels[train], random_state=DRAW_SEED)
    return {"train": np.sort(train), "validation": np.sort(held_out), "test": np.sort(test)}
