"""Operations recorded once and replayed by CUDA as one graph, which spares the launch of each."""

from collections.abc import Callable
from typing import TypeVar

import torch

T = TypeVar("T")


def captured(compute: Callable[[], T]) -> Callable[[], T]:
    """The same operations on the same tensors, those that it returns too, as one CUDA graph."""
    stream = torch.cuda.Stream()
    stream.wait_stream(torch.cuda.current_stream())
    with torch.cuda.stream(stream):  # PyTorch asks for some runs beforehand, on another stream
        for _ in range(3):
            compute()
    torch.cuda.current_stream().wait_stream(stream)
    graph = torch.cuda.CUDAGraph()
    with torch.cuda.graph(graph):
        made = compute()

    def replay() -> T:
        graph.replay()
        return made

    return replay
