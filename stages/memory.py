"""memory: generated sequences -> metrics/memory.json; how far back RNN, LSTM and GRU remember."""

import time
from pathlib import Path
from typing import Any

import torch

from rnnlab.core.files import write_figures
from rnnlab.core.params_file import read_params
from rnnlab.core.stage import run
from rnnlab.memory import BASELINE, gradient_by_distance, initial, learn
from rnnlab.training.trainer import Settings


def main() -> None:
    memory = read_params().memory
    torch.set_num_threads(1)
    seeds = range(memory.seed, memory.seed + memory.seeds)
    settings = Settings(
        **memory.model_dump(include={"epochs", "batch_size", "learning_rate", "schedule", "max_grad_norm"})
    )
    errors: dict[str, Any] = {}
    gradients: dict[str, Any] = {}
    for cell in memory.cells:
        errors[cell] = {}
        for length in memory.lengths:
            start = time.perf_counter()
            by_seed = learn(cell, length, memory.hidden_size, memory.samples, settings, seeds)
            errors[cell][str(length)] = by_seed
            shown = ", ".join(f"{error:.4f}" for error in by_seed)
            print(f"memory: {cell}, {length} steps: {shown} ({time.perf_counter() - start:.1f} s)", flush=True)
        longest = max(memory.lengths)
        states = initial(cell, longest, memory.hidden_size, seeds)
        gradients[cell] = gradient_by_distance(cell, longest, memory.hidden_size, states)
    content = {
        "baseline": BASELINE,
        "errors": errors,
        "gradients": gradients,
        "steps": settings.epochs * -(-memory.samples // memory.batch_size),
    }
    write_figures(Path("metrics/memory.json"), content)


if __name__ == "__main__":
    run(main)
