import pytest
import small_model
import torch

from rnnlab.core.errors import UserError
from rnnlab.networks.network import RecurrentNetwork
from rnnlab.networks.weights import pack, unpack
from rnnlab.networks.weights_header import read_config

NETWORK = {
    "cell": "lstm",
    "input_size": 2,
    "length": 4,
    "output_size": 1,
    "hidden_size": 2,
    "num_layers": 1,
    "bidirectional": True,
    "head": "last",
    "output": "linear",
}
PACKED = small_model.PACKED | {"network": NETWORK}


@pytest.fixture
def networks():
    return {seed: RecurrentNetwork(**NETWORK) for seed in (3, 11)}


@pytest.fixture
def packed(networks):
    return pack({seed: network.state_dict() for seed, network in networks.items()}, PACKED)


def test_round_trip(tmp_path, networks, packed):
    path = tmp_path / "w.safetensors"
    path.write_bytes(packed)
    restored, config = unpack(str(path))
    assert read_config(str(path)) == PACKED
    assert config == small_model.CONFIG | {"network": NETWORK}
    assert list(restored) == [3, 11]
    x = torch.rand(2, 4, 2)
    for seed, network in restored.items():
        torch.testing.assert_close(network(x), networks[seed](x), rtol=0, atol=0)


@pytest.mark.promise(number=3)
@pytest.mark.parametrize("content", [b"", b"not weights", None])
def test_a_damaged_or_missing_file_is_named(tmp_path, content):
    path = tmp_path / "w.safetensors"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(UserError, match=r"w\.safetensors: can't be read as weights"):
        unpack(str(path))


@pytest.mark.promise(number=3)
def test_a_truncated_file(tmp_path, packed):
    path = tmp_path / "w.safetensors"
    path.write_bytes(packed[:-10])
    with pytest.raises(UserError, match="can't be read as weights"):
        unpack(str(path))


@pytest.mark.promise(number=3)
def test_weights_that_do_not_fit_their_config(tmp_path, networks):
    path = tmp_path / "w.safetensors"
    path.write_bytes(pack({3: networks[3].state_dict()}, PACKED | {"network": NETWORK | {"hidden_size": 5}}))
    with pytest.raises(UserError, match="the weights of seed 3 do not fit"):
        unpack(str(path))


@pytest.mark.promise(number=3)
@pytest.mark.parametrize("kind", [torch.float8_e4m3fn, torch.float16, torch.float64, torch.complex64])
def test_a_tensor_of_another_type_is_named(tmp_path, networks, kind):
    state = networks[3].state_dict()
    state["linear.bias"] = state["linear.bias"].to(kind)
    (tmp_path / "w.safetensors").write_bytes(pack({3: state}, PACKED))
    with pytest.raises(UserError, match=f"tensor 3.linear.bias is of type {kind}; float32 is expected"):
        unpack(str(tmp_path / "w.safetensors"))


@pytest.mark.promise(number=3)
@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("trained_until", ["2020-02-30"]),
        ("trained_until", ["2020-13-01"]),
        ("trained_until", ["9" * 400]),
        ("trained_until", ["2020-01-01T99"]),
        ("spacing", [1e308]),
        ("horizon", 10**9),
    ],
)
def test_a_value_of_the_header_out_of_range_is_named(tmp_path, networks, key, value):
    (tmp_path / "w.safetensors").write_bytes(pack({3: networks[3].state_dict()}, PACKED | {key: value}))
    with pytest.raises(UserError, match=f"the config in its header is damaged: {key}"):
        unpack(str(tmp_path / "w.safetensors"))


@pytest.mark.promise(number=3)
def test_a_seed_without_end_is_named(tmp_path, networks):
    (tmp_path / "w.safetensors").write_bytes(pack({"9" * 5000: networks[3].state_dict()}, PACKED))
    with pytest.raises(UserError, match="its name should begin with a seed"):
        unpack(str(tmp_path / "w.safetensors"))


@pytest.mark.promise(number=4)
def test_the_same_weights_are_the_same_bytes(networks, packed):
    states = {seed: network.state_dict() for seed, network in networks.items()}
    assert {pack(states, PACKED) for _ in range(20)} == {packed}
