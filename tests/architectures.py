"""A network that is small enough for tests."""

GRU = {
    "cell": "gru",
    "input_size": 2,
    "length": 3,
    "output_size": 1,
    "hidden_size": 4,
    "num_layers": 1,
    "bidirectional": False,
    "head": "last",
    "output": "linear",
}
