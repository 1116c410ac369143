import copy
import json

import pytest
from ruamel.yaml import YAML

from rnnlab.core.errors import UserError
from rnnlab.core.params import RULES
from rnnlab.core.params_parsing import flatten, parse


@pytest.fixture
def content(root):
    return YAML(typ="safe").load(root / "params.yaml")


def change(content, key, value):
    changed = copy.deepcopy(content)
    *path, last = key.split(".")
    section = changed
    for part in path:
        section = section[part]
    section[last] = value
    return changed


def test_the_committed_file_is_valid(content):
    params = parse(content)
    assert params.series.features == ("Open", "High", "Low", "Volume")
    assert params.training_of("gru").epochs == 301


def test_a_model_can_switch_off_what_its_track_has(content):
    content["training"]["series"]["max_grad_norm"] = 1.0
    assert parse(content).training_of("gru").max_grad_norm == 1.0
    assert parse(change(content, "models.gru.max_grad_norm", None)).training_of("gru").max_grad_norm is None


def test_a_model_overrides_its_tracks_training(content):
    params = parse(change(content, "models.gru.epochs", 7))
    assert params.training_of("gru").epochs == 7
    assert params.training_of("gru").batch_size == 20
    assert params.training_of("lstm").epochs == 301


@pytest.mark.promise(number=3)
@pytest.mark.parametrize(
    ("key", "value", "message"),
    [
        ("series.window.length", 0, "series.window.length: input should be greater than or equal to 1 (found 0)"),
        ("series.window.length", "5", "series.window.length: input should be a valid integer (found '5')"),
        ("series.window.horizon", 21, "series.window.horizon: input should be less than or equal to 20 (found 21)"),
        ("series.scale.fit_on", "test", "series.scale.fit_on: input should be 'train' or 'all' (found 'test')"),
        ("stock", {}, "stock: is called series now"),
        ("training.stock", {}, "training.stock: is called series now"),
        ("series.colour", 1, "series.colour: unknown key; allowed: source, path, name"),
        ("series.split.train", 1.5, "series.split.train: "),
        ("series.split.train", -1, "series.split.train: "),
        ("series.features", ["Open", "Open"], "features names a column twice"),
        ("series.features", [], "series.features: "),
        ("series.start", "yesterday", "series.start: "),
        (
            "models.gru.cell",
            "transformer",
            "models.gru.cell: input should be 'rnn', 'lstm', 'gru' or 'mlp'",
        ),
        ("models.gru.hidden", 8, "models.gru.hidden: unknown key; allowed: cell, bidirectional"),
        ("models.digits_bigru.output", "sigmoid", "models.digits_bigru: output sigmoid is for track series"),
        ("models.rnn.target", "change", "models.rnn: target change is for track series with output linear"),
        ("models.mlp.bidirectional", True, "models.mlp: cell mlp has no direction"),
        ("models.gru.epochs", None, "models.gru: epochs is null: give a value, or leave the key out"),
        ("backtest.models", ["gru", "digits_bigru"], "backtest.models: digits_bigru is no model of track series"),
        (
            "models.gru.rollout",
            True,
            "rollout of gru feeds its forecasts back: series.features must be [Close]",
        ),
        ("models.mlp.output", "sequence", "models.mlp: output sequence forecasts at each step"),
        ("models.digits_bigru.output", "sequence", "models.digits_bigru: output sequence is for track series"),
        ("models.Series-GRU", {}, "models.Series-GRU: "),
        ("models", {}, "models: "),
        ("training.series.learning_rate", float("nan"), "training.series.learning_rate: "),
        ("training.series.seeds", True, "training.series.seeds: input should be a valid integer (found True)"),
        ("threads", 0, "threads: "),
        ("executor", "dask", "executor: input should be 'local' or 'ray' (found 'dask')"),
        ("workers", 0, "workers: "),
        ("training.series.schedule", "cosine", "training.series.schedule: input should be 'constant' or 'onecycle'"),
        ("training.series.max_grad_norm", 0, "training.series.max_grad_norm: "),
        ("training.series.patience", 5, "patience of rnn needs a validation part: series.split.validation is 0"),
        ("device", "tpu", "device: input should be 'auto', 'cpu' or 'cuda' (found 'tpu')"),
    ],
)
def test_a_wrong_value_is_named_with_what_is_allowed(content, key, value, message):
    with pytest.raises(UserError) as error:
        parse(change(content, key, value))
    assert message in str(error.value)


@pytest.mark.promise(number=3)
@pytest.mark.parametrize("key", ["series.path", "series.window", "digits", "training.digits.seed", "models.rnn.head"])
def test_a_missing_key_is_named(content, key):
    *path, last = key.split(".")
    section = content
    for part in path:
        section = section[part]
    del section[last]
    with pytest.raises(UserError, match=rf"{key}: is missing"):
        parse(content)


@pytest.mark.promise(number=3)
def test_start_after_end(content):
    changed = change(change(content, "series.start", "2020-02-01"), "series.end", "2020-01-01")
    with pytest.raises(UserError, match=r"series: start \(2020-02-01\) lies after end"):
        parse(changed)


@pytest.mark.promise(number=3)
@pytest.mark.parametrize("content_", [None, [], "text", 3])
def test_a_file_that_is_no_mapping(content_):
    with pytest.raises(UserError, match="should hold keys and values"):
        parse(content_)


def test_an_unknown_model_is_named_with_those_there_are(content):
    with pytest.raises(UserError, match="there is no x; there are rnn, lstm"):
        parse(content).training_of("x")


def test_flatten_names_keys_as_they_are_typed():
    assert flatten({"a": {"b": 1, "c": {"d": [2]}}, "e": None}) == {"a.b": 1, "a.c.d": [2], "e": None}


def test_no_model_has_the_name_of_a_simple_rule(content, root):
    board = json.loads((root / "metrics/leaderboard.json").read_text())
    networks = set(content["models"])
    assert {name for track in ("series", "digits") for name in board[track]} - networks == RULES
    content["models"]["ridge"] = content["models"]["rnn"]
    with pytest.raises(UserError, match="models: ridge is the name of a simple rule"):
        parse(content)
