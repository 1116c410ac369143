import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from rnnlab.core.errors import UserError
from rnnlab.windows.splitting import draw, in_time_order


@pytest.mark.parametrize(
    ("train", "validation", "expected"),
    [(200, 0, (200, 200)), (200, 26, (200, 226)), (0.5, 0, (213, 213)), (0.5, 0.25, (213, 319))],
)
def test_in_time_order(train, validation, expected):
    first, second = expected
    parts = {"train": (0, first), "validation": (first, second), "test": (second, 426)}
    assert in_time_order(426, train, validation, 1) == parts


@given(st.integers(1, 60), st.integers(0, 40), st.integers(1, 20))
def test_targets_of_a_part_are_known_when_the_next_makes_its_first_forecast(train, validation, horizon):
    assume(train >= horizon)
    length, parts = 5, in_time_order(120, train, validation, horizon)
    last_target = {part: stop - 1 + length + horizon - 1 for part, (_, stop) in parts.items()}
    first_forecast = {part: start + length - 1 for part, (start, _) in parts.items()}
    assert last_target["train"] <= first_forecast["validation"]
    start, stop = parts["validation"]
    assert stop <= start or last_target["validation"] <= first_forecast["test"]


@pytest.mark.parametrize(("train", "validation"), [(426, 0), (400, 26), (0.0001, 0)])
def test_something_must_train_and_something_be_tested(train, validation):
    with pytest.raises(UserError, match=f"series.split.train={train}"):
        in_time_order(426, train, validation, 1)


def test_a_horizon_leaves_something_to_train_on():
    with pytest.raises(UserError, match="a horizon of 5 leaves out 4 of the first"):
        in_time_order(426, 4, 0, 5)


@given(st.integers(0, 40), st.booleans())
def test_every_image_is_drawn_once(validation, own_test):
    labels = np.tile(np.arange(4, dtype=np.uint8), 50)
    if 0 < validation < 4:
        validation = 4
    parts = draw(labels, 40 if own_test else 0, validation)
    assert np.sort(np.concatenate(list(parts.values()))).tolist() == list(range(200))
    assert len(parts["validation"]) == validation


def test_the_samples_test_part_is_a_stratified_fifth_and_fixed():
    labels = np.repeat(np.arange(10, dtype=np.uint8), 10)
    test = draw(labels, 0, 0)["test"]
    assert np.bincount(labels[test]).tolist() == [2] * 10
    assert test.tolist() == draw(labels, 0, 0)["test"].tolist()


def test_the_sources_own_test_set_stays_whole():
    parts = draw(np.tile(np.arange(2, dtype=np.uint8), 10), 6, 4)
    assert parts["test"].tolist() == list(range(14, 20))


def test_a_validation_part_too_large():
    with pytest.raises(UserError, match=r"digits\.split.validation=99 sets 99 of 80"):
        draw(np.repeat(np.arange(10, dtype=np.uint8), 10), 0, 99)
