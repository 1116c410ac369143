import numpy as np
import pandas as pd

from rnnlab import plots

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
            "seed_0": values - 0.2,
            "seed_1": values + 0.2,
        }
    )


def test_the_same_picture_is_the_same_bytes():
    history = pd.DataFrame({"epoch": [0, 1], "seed": [0, 0], "train_loss": [1.0, 0.5], "validation_loss": [1.0, 0.7]})
    assert plots.loss(history, "m").startswith(PNG)
    assert plots.loss(history, "m") == plots.loss(history, "m")


def test_price_pictures():
    assert plots.forecast(predictions(), "m").startswith(PNG)
    assert plots.close_up(predictions(), "m").startswith(PNG)


def test_digit_pictures_also_when_nothing_was_misread():
    images = np.zeros((3, 8, 8), np.float32)
    labels = np.array([0, 1, 2])
    assert plots.confusion(np.diag([3, 2, 0]), "m").startswith(PNG)
    assert plots.misread(images, labels, labels, "m").startswith(PNG)
    assert plots.misread(images, labels, labels[::-1], "m").startswith(PNG)
