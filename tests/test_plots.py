import numpy as np
import pandas as pd
import pytest

from rnnlab.reporting import figure_style, plots

PNG = b"\x89PNG"


def predictions():
    days = pd.date_range("2020-01-01", periods=90)
    values = np.linspace(1, 2, 90)
    return pd.DataFrame(
        {
            "date": days,
            "part": ["train"] * 20 + ["test"] * 70,
            "y_true": values,
            "persistence": values - 0.1,
            "y_pred": values,
            **{f"{side}_{level}": values for side in ("lower", "upper") for level in ("80", "95")},
            "seed_0": values - 0.2,
            "seed_1": values + 0.2,
        }
    )


@pytest.mark.promise(number=4)
def test_the_same_picture_is_the_same_bytes():
    history = pd.DataFrame({"epoch": [0, 1], "seed": [0, 0], "train_loss": [1.0, 0.5], "validation_loss": [1.0, 0.7]})
    assert plots.losses({"m": history}, "t").startswith(PNG)
    assert plots.losses({"m": history}, "t") == plots.losses({"m": history}, "t")


def test_series_pictures():
    assert plots.forecast(predictions(), "m", "sales (pieces)", "days").startswith(PNG)
    assert plots.shifts({"a": [2.0, 1.0, 3.0], "b": [1.0, 2.0, 3.0]}, "pieces", "days").startswith(PNG)


def test_a_backtest_of_one_seed_has_no_spread():
    fold, alone = {"first": "a", "last": "b"}, {"mean": 2.0, "std": None}
    rmse = {"m": [alone, alone], "persistence": [alone, alone], "ets": [alone, alone]}
    judged = {"rmse": {"m": 2.0, "persistence": 2.0, "ets": 1.0}}
    assert plots.backtest({"folds": [fold, fold], "rmse": rmse, "judged": judged}, ["m"]).startswith(PNG)


def test_rows_without_dates_are_drawn_by_their_numbers():
    rows = predictions().assign(date=range(90))
    assert plots.forecast(rows, "m", "Intensity", "rows").startswith(PNG)
    assert plots.close_up(rows, "m", "Intensity").startswith(PNG)


def test_letters_that_no_font_has_are_said(monkeypatch):
    monkeypatch.setattr(figure_style, "FONTS", [])
    assert figure_style.drawable("종가 (원)") == "the target (no font here has its name's letters)"
    assert figure_style.drawable("Größe (°C)") == "Größe (°C)"
    assert plots.close_up(predictions(), "m", "종가").startswith(PNG)  # without a warning of a missing glyph


def test_reliability_and_losses():
    assert plots.reliability({"m": [{"count": 3, "confidence": 0.9, "accuracy": 1.0}]}, "t").startswith(PNG)
    history = pd.DataFrame({"epoch": [0, 1], "seed": [0, 0], "train_loss": [1.0, 0.5]})
    assert plots.losses({f"m{number}": history for number in range(9)}, "t").startswith(PNG)


def test_digit_pictures_also_when_nothing_was_misread():
    images = np.zeros((3, 8, 8), np.float32)
    labels = np.array([0, 1, 2])
    assert plots.confusion(np.diag([3, 2, 0]), "m").startswith(PNG)
    assert plots.misread(images, labels, labels, "m").startswith(PNG)
    assert plots.misread(images, labels, labels[::-1], "m").startswith(PNG)
