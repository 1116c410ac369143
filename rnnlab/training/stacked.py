"""K replicas of any module at once, by ``torch.func``: each operation is called once for all of them."""

import warnings
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import torch
from torch import Tensor, nn
from torch.func import functional_call, vjp, vmap
from torch.nn.attention import SDPBackend, sdpa_kernel

from rnnlab.networks.custom_code import told
from rnnlab.networks.network import build, initial_states
from rnnlab.training.replicas import TRAINING, ByAutograd, Replicas


class Stacked(ByAutograd):
    """The weights of K networks, stacked by name, which one module reads.

    Random layers draw for each replica anew. So with dropout a replica's numbers depend on how many train beside it;
    all else is as if each were alone.

    Args:
        architecture: as of ``networks.network.build``.
        states: state dicts of K such networks.
    """

    def __init__(self, architecture: Mapping[str, Any], states: Sequence[Mapping[str, Tensor]]) -> None:
        device = next(iter(states[0].values())).device
        module = self._module = build(architecture).to(device)
        self._saved = list(states[0])
        # Tied tensors have several names, of which the first is stacked.
        first_names = {id(tensor): name for name, tensor in (*module.named_parameters(), *module.named_buffers())}
        every = module.named_parameters(remove_duplicate=False), module.named_buffers(remove_duplicate=False)
        self._first = {name: first_names[id(tensor)] for names in every for name, tensor in names}
        self._weights = {
            name: torch.stack([state[name] for state in states]).requires_grad_(weight.requires_grad)
            for name, weight in module.named_parameters()
        }
        self._buffers = {  # those that a module does not save are as it makes them
            name: torch.stack([state.get(name, buffer) for state in states]) for name, buffer in module.named_buffers()
        }
        super().__init__(architecture, len(states), [each for each in self._weights.values() if each.requires_grad])
        self.buffers = list(self._buffers.values())
        self._recurrent = any(isinstance(part, nn.RNNBase) for part in module.modules())
        self._call = vmap(self._one, randomness="different")

    def states(self) -> list[dict[str, Tensor]]:
        """State dicts of the K networks, copies."""
        tensors = self._weights | self._buffers
        return [
            {name: tensors[self._first[name]][k].detach().clone() for name in self._saved} for k in range(self._count)
        ]

    def clip_gradients(self, max_norm: float) -> None:
        """Scale each replica's gradient down to this Euclidean norm, as ``torch.nn.utils.clip_grad_norm_`` does."""
        norms = torch.stack([torch.linalg.vector_norm(each.flatten(1), dim=1) for each in self.gradients]).norm(dim=0)
        scale = (max_norm / (norms + 1e-6)).clamp(max=1)  # (K,)
        for gradient in self.gradients:
            gradient.mul_(scale.view(-1, *[1] * (gradient.dim() - 1)))

    def forward(self, training: bool = True) -> None:
        self._module.train(training)
        with (
            told(self._code, TRAINING),
            torch.inference_mode(False),
            torch.enable_grad(),
            plain_kernels(self._recurrent),
        ):
            self._outputs = self._call(self._weights, self._buffers, self._x).mT
        self.predicted = self._outputs.detach()

    def _one(self, weights: dict[str, Tensor], buffers: dict[str, Tensor], x: Tensor) -> Any:
        def call(own: dict[str, Tensor]) -> Any:
            return functional_call(self._module, (own, buffers), (x,))

        # Within ``vjp`` PyTorch parts its recurrent layers into operations that take stacked tensors; others need none.
        return vjp(call, weights)[0] if self._recurrent else call(weights)


@contextmanager
def plain_kernels(recurrent: bool) -> Iterator[None]:
    """Attention and LSTM by operations that take stacked tensors, in place of kernels that do not.

    Args:
        recurrent: are there recurrent layers? Convolutions are faster by the kernels that an LSTM has to go without.
    """
    before: tuple[Any, bool] = torch.backends.mkldnn.enabled, torch.backends.mha.get_fastpath_enabled()
    torch.backends.mkldnn.enabled = before[0] and not recurrent  # type: ignore[assignment]
    torch.backends.mha.set_fastpath_enabled(False)
    try:
        with sdpa_kernel(SDPBackend.MATH):
            yield
    finally:
        torch.backends.mkldnn.enabled = before[0]
        torch.backends.mha.set_fastpath_enabled(before[1])


def why_not_stacked(architecture: Mapping[str, Any]) -> str:
    """Why such modules are trained one after the other: what ``torch.func`` says; empty where they are stacked."""
    with torch.random.fork_rng(devices=[]), warnings.catch_warnings(record=True) as warned:
        warnings.simplefilter("always")
        states = initial_states(architecture, (0, 1))
        x = torch.rand(1, 3, architecture["length"], architecture["input_size"])
        alone, stacked = Replicas(architecture, states), Stacked(architecture, states)
        try:
            for engine in (alone, stacked):
                engine.load(x)
                engine.forward()
                engine.backward(torch.ones_like(engine.predicted))
                engine.forward(training=False)
        except Exception as error:  # whatever the user's code raises on stacked tensors
            said = str(error).removeprefix(f"{architecture['network']}: {TRAINING}: ")
            return said.split("\n")[0].split(". ")[0]
    if slow := next((str(each.message) for each in warned if "batching rule" in str(each.message)), ""):
        return slow.split(". ")[0]
    kept = [[tensor.float() for state in engine.states() for tensor in state.values()] for engine in (alone, stacked)]
    pairs = [(alone.predicted, stacked.predicted), *zip(*kept, strict=True)]
    if not all(torch.allclose(first, second, rtol=1e-3, atol=1e-5) for first, second in pairs):
        return "stacked, its outputs or buffers are others"
    return ""
