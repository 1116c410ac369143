from hydra.core.override_parser.overrides_parser import OverridesParser
from hypothesis import given
from hypothesis import strategies as st
from omegaconf import OmegaConf, open_dict

from rnnlab.core.overrides import overrides

BASE = {"series": {"rows": None, "features": ["Open"]}, "models": {"a": {"cell": "rnn", "rollout": False}}}


def changed(**models):
    return BASE | {"models": BASE["models"] | models}


def test_nothing_changed_is_no_word():
    assert overrides(BASE, BASE) == []


def test_a_changed_value_is_named_by_its_path():
    assert overrides(BASE, changed(a={"cell": "gru", "rollout": True})) == [
        "models.a.cell=gru",
        "models.a.rollout=true",
    ]


def test_a_new_model_is_one_word():
    args = overrides(BASE, changed(b={"cell": "lstm", "patience": None}))
    assert args == ["+models.b={cell: lstm, patience: null}"]


def test_a_new_key_has_a_plus_and_a_lost_one_a_tilde():
    assert overrides(BASE, changed(a={"cell": "rnn", "seeds": 3})) == ["+models.a.seeds=3", "~models.a.rollout"]


VALUES = st.one_of(
    st.integers(-(10**6), 10**6),
    st.floats(allow_nan=False, allow_infinity=False, width=32),
    st.booleans(),
    st.none(),
    st.text("abc XYZ0123456789./\\'-_:,[]{}=", min_size=1, max_size=12),
)


@given(st.one_of(VALUES, st.lists(VALUES, min_size=1, max_size=3)))
def test_hydra_reads_back_what_was_written(value):
    """Hydra is what `dvc exp run -S` reads its arguments with."""
    (arg,) = overrides({"a": {"b": "another value"}}, {"a": {"b": value}})
    override = OverridesParser.create().parse_override(arg)
    config = OmegaConf.create({"a": {"b": "another value"}})
    with open_dict(config):
        OmegaConf.update(config, override.key_or_group, override.value())
    assert config.a.b == value
