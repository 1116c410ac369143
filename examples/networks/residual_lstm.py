"""Stacked LSTM layers with connections around each (He et al. 2016, on layers as in Wu et al. 2016)."""

from torch import Tensor, nn


class ResidualLSTM(nn.Module):
    """Each layer adds to what the layer below says, so that gradients reach the first one.

    Args:
        input_size: features of a step, F.
        output_size: numbers to predict, or classes, O.
        hidden_size: features of the state, H.
        num_layers: LSTM layers.
    """

    def __init__(self, input_size: int, output_size: int, hidden_size: int = 8, num_layers: int = 3) -> None:
        super().__init__()
        self.enter = nn.Linear(input_size, hidden_size)
        self.layers = nn.ModuleList(nn.LSTM(hidden_size, hidden_size, batch_first=True) for _ in range(num_layers))
        self.linear = nn.Linear(hidden_size, output_size)

    def forward(self, x: Tensor) -> Tensor:
        """(B, T, F) -> (B, O)."""
        steps = self.enter(x)
        for layer in self.layers:
            steps = steps + layer(steps)[0]
        predicted: Tensor = self.linear(steps[:, -1])
        return predicted
