"""The figures of the digits' networks and of their baseline, on images that they were not trained on.

Letters: N images.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rnnlab.core.csv_writer import Table
from rnnlab.evaluation import metrics
from rnnlab.evaluation.metrics import Array, Figure, Labels


@dataclass(frozen=True)
class Classification:
    """The labels of a part's images and what networks took them for; (N,) each."""

    y_true: Labels
    y_pred: Mapping[int, Labels]  # by seed
    confidence: Mapping[int, Array]  # by seed: the probability of the predicted class

    def to_tables(self) -> list[Table]:
        """Of each seed, with columns image, seed, y_true, y_pred, confidence; a row an image."""
        image = np.arange(len(self.y_true))
        return [
            {"image": image, "seed": seed, "y_true": self.y_true, "y_pred": y_pred, "confidence": self.confidence[seed]}
            for seed, y_pred in self.y_pred.items()
        ]


def digits_figures(y_true: Labels, y_pred: Labels, classes: int) -> dict[str, Figure]:
    confusion = metrics.confusion_matrix(y_true, y_pred, classes)
    return {"test_accuracy": metrics.accuracy(y_true, y_pred), "macro_f1": metrics.macro_f1(confusion)}


def evaluate_digits(train: Classification, test: Classification, classes: int) -> dict[str, Any]:
    """Figures on the training and test images."""
    by_seed = {
        seed: {
            **digits_figures(test.y_true, y_pred, classes),
            "train_accuracy": metrics.accuracy(train.y_true, train.y_pred[seed]),
            "ece": metrics.expected_calibration_error(test.y_true == y_pred, test.confidence[seed]),
        }
        for seed, y_pred in test.y_pred.items()
    }
    confusion: NDArray[np.int64] = np.sum(
        [metrics.confusion_matrix(test.y_true, y_pred, classes) for y_pred in test.y_pred.values()], axis=0
    )
    first = min(test.y_pred)
    right = test.y_pred[first] == test.y_true
    return {
        "images": len(test.y_true),
        **metrics.summarise_seeds(by_seed),
        "wilson_95": metrics.wilson(int(np.sum(right)), len(right)),
        "class_accuracy": dict(zip(map(str, range(classes)), metrics.recall_by_class(confusion), strict=True)),
        "confusion": confusion.tolist(),
        "reliability": metrics.reliability(right, test.confidence[first]),
    }


def evaluate_majority_class(train_true: Labels, test_true: Labels) -> dict[str, Any]:
    """The baseline of the digits: always the most frequent class of the training part."""
    classes = int(max(train_true.max(), test_true.max())) + 1
    commonest = np.bincount(train_true, minlength=classes).argmax()
    figures = digits_figures(test_true, np.full_like(test_true, commonest), classes)
    figures |= {"train_accuracy": float(np.mean(train_true == commonest)), "ece": None}
    return {"images": len(test_true), **metrics.summarise_seeds({0: figures})}
