import json
import re
from pathlib import Path

import pytest
from ruamel.yaml import YAML

from rnnlab.core.params_parsing import parse
from rnnlab.reporting import model_card
from rnnlab.windows.series_info import SeriesInfo


@pytest.fixture
def params(root):
    return parse(YAML(typ="safe").load(root / "params.yaml"))


def figures(name):
    """Made by the pipeline with its default parameters."""
    return json.loads((Path(__file__).parent / f"figures/{name}.json").read_text())


INFO = SeriesInfo("GOOG", "Close", "dollars", "trading day", 5, 0.0, 1)


def card(root, params, info=INFO):
    comparison = json.loads((root / "metrics/comparison.json").read_text())
    about = model_card.About(info, "Forecasts for two days.")
    return model_card.series("gru", figures("gru"), figures("baselines_series")["rules"], comparison, params, about)


def test_a_series_card_says_how_it_does_beside_the_hardest_rule(root, params):
    text, result = card(root, params), figures("gru")
    assert text.startswith("# gru\n\nOn 226 trading days of walking forward gru does not beat every simple rule ")
    assert [line for line in text.splitlines() if line.startswith("## ")] == [
        f"## {title}" for title in ("Data", "Protocol", "Figures", "Intervals", "Limits")
    ]
    assert f"| RMSE (dollars) | {result['metrics']['rmse']['mean']:.2f} ± " in text
    assert "source `sample`: GOOG, daily" in text
    assert "Forecasts for two days." in text
    assert f"- 95 %: {100 * result['intervals']['95']['coverage']:.1f} % of" in text


def test_only_a_markets_card_speaks_of_buying(root, params):
    assert "advice to buy or sell" in card(root, params)
    hours = SeriesInfo("roof", "temp", "°C", "hour", 24, None, 1)
    assert not re.search(
        "price|point|trading|market|buy", card(root, params, hours).split("## Data")[1].replace("GOOG", "")
    )


def test_a_scaler_that_leaks_is_named(root, params):
    content = YAML(typ="safe").load(root / "params.yaml")
    content["series"]["scale"]["fit_on"] = "all"
    assert "leaks the test period" in card(root, parse(content))
    assert "leaks the test period" not in card(root, params)


def test_a_digits_card_has_the_interval_of_its_accuracy(root, params):
    result = figures("digits_bigru")
    images = {"count": 1797, "length": 8, "features": 8}
    text = model_card.digits("digits_bigru", result, figures("baselines_digits")["rules"], params, images)
    assert "1,797 images of 8 x 8 pixels. Tested on 360 that it never saw; trained on the other 1,437." in text
    low, high = result["wilson_95"]
    assert f"95 % (Wilson): {100 * low:.1f} % to {100 * high:.1f} %" in text
    assert "majority_class" in text
