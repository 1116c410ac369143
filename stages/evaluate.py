"""evaluate MODEL: a model's weights on data/split -> metrics/test, predictions and learned, a file of each."""

from pathlib import Path

import torch

from rnnlab.core.csv_writer import write_table
from rnnlab.core.files import write_figures, write_json
from rnnlab.core.stage import run
from rnnlab.evaluation.learned import describe_learned
from rnnlab.evaluation.model_evaluation import evaluate_model
from rnnlab.networks.weights import Weights


def main(name: str) -> None:
    torch.set_num_threads(1)
    weights = Weights(f"models/{name}.safetensors")
    figures, predictions = evaluate_model(weights)
    write_json(Path("metrics/test") / f"{name}.json", figures)
    write_figures(Path("metrics/learned") / f"{name}.json", describe_learned(weights))
    write_table(Path("metrics/predictions") / f"{name}.csv", predictions)


if __name__ == "__main__":
    run(main)
