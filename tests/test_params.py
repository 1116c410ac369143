import copy

import pytest
from ruamel.yaml import YAML

from rnnlab.core.errors import UserError
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
    assert params.stock.features == ("Open", "High", "Low", "Volume")
    assert params.training_of("stock_gru").epochs == 301


def test_a_model_can_switch_off_what_its_track_has(content):
    content["training"]["stock"]["max_grad_norm"] = 1.0
    assert parse(content).training_of("stock_gru").max_grad_norm == 1.0
    assert parse(change(content, "models.stock_gru.max_grad_norm", None)).training_of("stock_gru").max_grad_norm is None


def test_a_model_overrides_its_tracks_training(content):
    params = parse(change(content, "models.stock_gru.epochs", 7))
    assert params.training_of("stock_gru").epochs == 7
    assert params.training_of("stock_gru").batch_size == 20
    assert params.training_of("stock_lstm").epochs == 301


@pytest.mark.promise(number=3)
@pytest.mark.parametrize(
    ("key", "value", "message"),
    [
        ("stock.window.length", 0, "stock.window.length: input should be greater than or equal to 1 (found 0)"),
        ("stock.window.length", "5", "stock.window.length: input should be a valid integer (found '5')"),
        ("stock.window.horizon", 21, "stock.window.horizon: input should be less than or equal to 20 (found 21)"),
        ("stock.scale.fit_on", "test", "stock.scale.fit_on: input should be 'train' or 'all' (found 'test')"),
        ("stock.colour", 1, "stock.colour: unknown key; allowed: source, path, panel"),
        ("stock.split.train", 1.5, "stock.split.train: "),
        ("stock.split.train", -1, "stock.split.train: "),
        ("stock.features", ["Open", "Open"], "features names a column twice"),
        ("stock.features", [], "stock.features: "),
        ("stock.start", "yesterday", "stock.start: "),
        (
            "models.stock_gru.cell",
            "transformer",
            "models.stock_gru.cell: input should be 'rnn', 'lstm', 'gru' or 'mlp'",
        ),
        ("models.stock_gru.hidden", 8, "models.stock_gru.hidden: unknown key; allowed: track, cell"),
        ("models.digits_bigru.output", "sigmoid", "models.digits_bigru: output sigmoid is for track stock"),
        ("models.stock_rnn.target", "change", "models.stock_rnn: target change is for track stock with output linear"),
        ("models.stock_mlp.bidirectional", True, "models.stock_mlp: cell mlp has no direction"),
        ("models.stock_gru.epochs", None, "models.stock_gru: epochs is null: give a value, or leave the key out"),
        ("backtest.models", ["stock_gru", "digits_bigru"], "backtest.models: digits_bigru is no model of track stock"),
        (
            "models.stock_gru.rollout",
            True,
            "rollout of stock_gru feeds its forecasts back: stock.features must be [Close]",
        ),
        ("models.stock_mlp.output", "sequence", "models.stock_mlp: output sequence forecasts at each step"),
        ("models.digits_bigru.output", "sequence", "models.digits_bigru: output sequence is for track stock"),
        ("models.Stock-GRU", {}, "models.Stock-GRU: "),
        ("models", {}, "models: "),
        ("training.stock.learning_rate", float("nan"), "training.stock.learning_rate: "),
        ("training.stock.seeds", True, "training.stock.seeds: input should be a valid integer (found True)"),
        ("threads", 0, "threads: "),
        ("executor", "dask", "executor: input should be 'local' or 'ray' (found 'dask')"),
        ("workers", 0, "workers: "),
        ("training.stock.schedule", "cosine", "training.stock.schedule: input should be 'constant' or 'onecycle'"),
        ("training.stock.max_grad_norm", 0, "training.stock.max_grad_norm: "),
        ("training.stock.patience", 5, "patience of stock_rnn needs a validation part: stock.split.validation is 0"),
        ("device", "tpu", "device: input should be 'auto', 'cpu' or 'cuda' (found 'tpu')"),
    ],
)
def test_a_wrong_value_is_named_with_what_is_allowed(content, key, value, message):
    with pytest.raises(UserError) as error:
        parse(change(content, key, value))
    assert message in str(error.value)


@pytest.mark.promise(number=3)
@pytest.mark.parametrize(
    "key", ["stock.path", "stock.window", "digits", "training.digits.seed", "models.stock_rnn.head"]
)
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
    changed = change(change(content, "stock.start", "2020-02-01"), "stock.end", "2020-01-01")
    with pytest.raises(UserError, match=r"stock: start \(2020-02-01\) lies after end"):
        parse(changed)


@pytest.mark.promise(number=3)
@pytest.mark.parametrize("content_", [None, [], "text", 3])
def test_a_file_that_is_no_mapping(content_):
    with pytest.raises(UserError, match="should hold keys and values"):
        parse(content_)


def test_an_unknown_model_is_named_with_those_there_are(content):
    with pytest.raises(UserError, match="there is no stock_x; there are stock_rnn, stock_lstm"):
        parse(content).training_of("stock_x")


def test_flatten_names_keys_as_they_are_typed():
    assert flatten({"a": {"b": 1, "c": {"d": [2]}}, "e": None}) == {"a.b": 1, "a.c.d": [2], "e": None}
