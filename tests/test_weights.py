import pytest
import small_model
import torch

from rnnlab.core.errors import UserError
from rnnlab.networks.network import RecurrentNetwork
from rnnlab.networks.weights import pack, unpack
from rnnlab.networks.weights_header import read_config

NETWORK = {
    "cell": "lstm",
    "input_size": 3,
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
    x = torch.rand(2, 4, 3)
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


@pytest.mark.promise(number=4)
def test_the_same_weights_are_the_same_bytes(networks, packed):
    states = {seed: network.state_dict() for seed, network in networks.items()}
    assert {pack(states, PACKED) for _ in range(20)} == {packed}
