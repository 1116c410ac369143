import json
from pathlib import Path

import pytest
from ruamel.yaml import YAML

from rnnlab.core.params_parsing import parse
from rnnlab.reporting import model_card


@pytest.fixture
def params(root):
    return parse(YAML(typ="safe").load(root / "params.yaml"))


def figures(name):
    """Made by the pipeline with its default parameters."""
    return json.loads((Path(__file__).parent / f"figures/{name}.json").read_text())


def test_a_series_card_says_how_it_does_beside_persistence(root, params):
    result, baselines = figures("gru"), figures("baselines_series")
    comparison = json.loads((root / "metrics/comparison.json").read_text())["series"]
    text = model_card.series("gru", result, baselines, comparison, params, "Forecasts for two days.")
    ours, naive = (found["metrics"]["rmse"]["mean"] for found in (result, baselines["persistence"]))
    assert text.startswith(f"# gru\n\ngru has an RMSE of {ours:.2f} points on {result['days']} days, ")
    assert f"persistence {naive:.2f} (" in text
    assert [line for line in text.splitlines() if line.startswith("## ")] == [
        f"## {title}" for title in ("Data", "Protocol", "Figures", "Intervals", "Limits")
    ]
    assert f"| RMSE (points) | {ours:.2f} ± " in text
    assert "Source `sample`: GOOG, daily" in text
    assert "Forecasts for two days." in text
    assert f"- 95 %: {100 * result['intervals']['95']['coverage']:.1f} % of" in text


def test_a_scaler_that_leaks_is_named(root, params):
    content = YAML(typ="safe").load(root / "params.yaml")
    content["series"]["scale"]["fit_on"] = "all"
    result, baselines = figures("gru"), figures("baselines_series")
    comparison = json.loads((root / "metrics/comparison.json").read_text())["series"]
    assert "leaks the test period" in model_card.series("gru", result, baselines, comparison, parse(content), "")
    assert "leaks the test period" not in model_card.series("gru", result, baselines, comparison, params, "")


def test_a_digits_card_has_the_interval_of_its_accuracy(root, params):
    result = figures("digits_bigru")
    images = {"count": 1797, "length": 8, "features": 8}
    text = model_card.digits("digits_bigru", result, figures("baselines_digits"), params, images)
    assert "1,797 images of 8 x 8 pixels. Tested on 360 that it never saw; trained on the other 1,437." in text
    low, high = result["wilson_95"]
    assert f"95 % (Wilson): {100 * low:.1f} % to {100 * high:.1f} %" in text
    assert "majority_class" in text
