"""The tutorial's way of training, written afresh: a DataLoader, nn.RNN, nn.LSTM or nn.GRU, a plain loop."""

import time
from collections.abc import Iterator

import torch
from torch import nn
from torch.utils.data import DataLoader, Dataset

LAYERS = {"rnn": nn.RNN, "lstm": nn.LSTM, "gru": nn.GRU}


class Network(nn.Module):
    def __init__(self, cell: str, input_size: int, length: int, output_size: int, hidden_size: int, ways: int = 1):
        super().__init__()
        self.recurrent = LAYERS[cell](input_size, hidden_size, 2, batch_first=True, bidirectional=ways == 2)
        self.linear = nn.Linear(length * hidden_size * ways, output_size)
        self.state_shape, self.cell, self.sigmoid = (2 * ways, hidden_size), cell, cell == "rnn"

    def forward(self, x):
        h0 = torch.zeros(self.state_shape[0], len(x), self.state_shape[1])
        outputs, _ = self.recurrent(x, (h0, torch.zeros_like(h0)) if self.cell == "lstm" else h0)
        predicted = self.linear(outputs.reshape(len(x), -1))
        return torch.sigmoid(predicted) if self.sigmoid else predicted


def train(
    network: Network, data: Dataset, batch_size: int, learning_rate: float, loss_of: nn.Module
) -> Iterator[float]:
    """Train for ever; yield the seconds of each epoch."""
    loader = DataLoader(data, batch_size=batch_size, shuffle=True)
    optimizer = torch.optim.Adam(network.parameters(), lr=learning_rate)
    while True:
        start, total = time.perf_counter(), 0.0
        for x, y in loader:
            loss = loss_of(network(x), y)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            total += loss.item()
        yield time.perf_counter() - start
