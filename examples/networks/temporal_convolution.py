"""A temporal convolutional network (Bai, Kolter and Koltun 2018, section 3)."""

from torch import Tensor, nn
from torch.nn import functional


class TemporalConvolution(nn.Module):
    """Causal convolutions, each twice as far apart as those before, with residual connections.

    Args:
        input_size: features of a step, F.
        output_size: numbers to predict, or classes, O.
        channels: features of a step within the network.
        kernel_size: steps that a convolution sees.
        levels: blocks of two convolutions; the last step sees 1 + 2 (kernel_size - 1) (2^levels - 1) steps.
        dropout: the share of channels that is left out at random while training.
    """

    def __init__(
        self,
        input_size: int,
        output_size: int,
        channels: int = 16,
        kernel_size: int = 2,
        levels: int = 2,
        dropout: float = 0.0,
    ) -> None:
        super().__init__()
        self.kernel_size = kernel_size
        self.enter = nn.Linear(input_size, channels)
        self.convolutions = nn.ModuleList(
            nn.Conv1d(channels, channels, kernel_size, dilation=2**level) for level in range(levels) for _ in range(2)
        )
        self.dropout = nn.Dropout(dropout)
        self.linear = nn.Linear(channels, output_size)

    def forward(self, x: Tensor) -> Tensor:
        """(B, T, F) -> (B, O)."""
        steps = self.enter(x).mT  # (B, channels, T)
        inner = steps
        for number, convolution in enumerate(self.convolutions):
            past = 2 ** (number // 2) * (self.kernel_size - 1)
            inner = self.dropout(functional.relu(convolution(functional.pad(inner, (past, 0)))))
            if number % 2:  # the second of a block
                steps = inner = functional.relu(steps + inner)
        predicted: Tensor = self.linear(steps[:, :, -1])
        return predicted
