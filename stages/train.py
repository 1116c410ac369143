"""train MODEL: data/split -> models/MODEL.safetensors and metrics/history/MODEL.csv."""

from rnnlab.core.params_file import read_params
from rnnlab.core.stage import run
from rnnlab.execution.model_train import train_model
from rnnlab.execution.panel_train import train_per_symbol
from rnnlab.execution.ranks import join, launch, launched
from rnnlab.training.engines import choose_device


def main(name: str) -> None:
    params = read_params()
    track = params.model(name).track  # a wrong name is said before ranks are started, and so once
    if params.is_per_symbol and track == "series":
        train_per_symbol(name, params)
        return
    device = choose_device(params.device)
    if params.ranks > 1 and not launched():
        launch(params.ranks, "stages.train", name)
    else:
        with join(device) as group:
            train_model(name, params, device, group)


if __name__ == "__main__":
    run(main)
