"""memory: generated sequences -> metrics/memory.json; how far back networks remember."""

from pathlib import Path

import torch

from rnnlab.core.files import write_figures
from rnnlab.core.params_file import read_params
from rnnlab.core.stage import run
from rnnlab.memory import measure


def main() -> None:
    torch.set_num_threads(1)
    write_figures(Path("metrics/memory.json"), measure(read_params()))


if __name__ == "__main__":
    run(main)
