"""The training loop: plain, visible, and ignorant of tracks, files and MLflow."""

from collections.abc import Callable, Iterator

import torch
from torch import Tensor, nn

Epoch = dict[str, float]  # the figures of one epoch
Loss = Callable[[Tensor, Tensor], Tensor]


def choose_device(wanted: str) -> torch.device:
    """``auto`` is CUDA where there is one, else the CPU."""
    if wanted == "auto":
        wanted = "cuda" if torch.cuda.is_available() else "cpu"
    return torch.device(wanted)


def train(
    network: nn.Module,
    x: Tensor,
    y: Tensor,
    *,
    epochs: int,
    batch_size: int,
    learning_rate: float,
    seed: int,
    validation: tuple[Tensor, Tensor] | None = None,
) -> Iterator[Epoch]:
    """Train ``network`` in place with Adam; yield each epoch's figures as it ends.

    The loss is the mean squared error for real targets (B, 1) and the cross-entropy for classes (B,). Figures of the
    training part are means over the epoch's samples while the weights change, as the tutorial prints them.

    Args:
        x: (N, T, F), all training sequences.
        y: (N, 1) real targets, or (N,) classes.
        seed: of the order of the samples, drawn anew each epoch.
        validation: sequences and targets to report on, never trained on.
    """
    classes = not y.is_floating_point()
    loss_of: Loss = nn.functional.cross_entropy if classes else nn.functional.mse_loss
    optimizer = torch.optim.Adam(network.parameters(), lr=learning_rate)
    order = torch.Generator().manual_seed(seed)
    for _ in range(epochs):
        network.train()
        total = torch.zeros((), device=x.device)
        right = torch.zeros((), device=x.device)

        # one pass over the data in a new order; the last, smaller batch is trained too
        for batch in torch.randperm(len(x), generator=order).to(x.device).split(batch_size):
            predicted = network(x[batch])
            loss = loss_of(predicted, y[batch])
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()

            # sums stay tensors: reading a number out waits for the device
            total += loss.detach() * len(batch)
            if classes:
                right += (predicted.argmax(1) == y[batch]).sum()

        figures = {"train_loss": total.item() / len(x)}
        if classes:
            figures["train_accuracy"] = right.item() / len(x)
        if validation is not None and len(validation[0]):
            predicted = predict(network, validation[0])
            figures["validation_loss"] = loss_of(predicted, validation[1]).item()
            if classes:
                figures["validation_accuracy"] = (predicted.argmax(1) == validation[1]).float().mean().item()
        yield figures


@torch.no_grad()
def predict(network: nn.Module, x: Tensor, batch_size: int = 10_000) -> Tensor:
    """(N, T, F) -> (N, O), in evaluation mode; the network is left in it."""
    network.eval()
    return torch.cat([network(part) for part in x.split(batch_size)])
