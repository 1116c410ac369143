"""How long the whole pipeline takes on a series, roughly, and how it takes less."""

from rnnlab.core.model_params import Training
from rnnlab.core.params import Backtest, Params
from rnnlab.core.params_file import FILE, read_params

# Measured on one core with networks of hidden size 8, on windows of 7 and 24 rows. Networks of several seeds and folds
# train at once: ten take about twice the time of one.
STEP = 5e-6  # seconds of a step of the training: for each row of the window and 2 more, for each network and 7 more
START = 4  # seconds of the stages of a model
OTHER = 40  # seconds of the other stages: rules, comparison, page, runs
SHARE = 0.7  # of the rows, that are trained on
LONG = 3  # minutes that are worth saving
EPOCHS, SEEDS, FOLDS = 100, 3, 2
FEWER = f"-S training.series.epochs={EPOCHS} -S training.series.seeds={SEEDS} -S backtest.folds={FOLDS}"


def describe_duration(rows: int, length: int) -> list[str]:
    """A sentence for a person who has not started it; none outside the project's folder.

    Args:
        length: of the window.
    """
    return [describe(rows, length, read_params())] if FILE.is_file() else []


def describe(rows: int, length: int, params: Params) -> str:
    """As ``describe_duration``, by these parameters."""
    training, walk, networks = params.training.series, params.backtest, len(params.models_of("series"))
    long = minutes(rows, length, training, walk, networks)
    fewer = training.model_copy(update={"epochs": min(training.epochs, EPOCHS), "seeds": min(training.seeds, SEEDS)})
    short = minutes(rows, length, fewer, walk.model_copy(update={"folds": min(walk.folds, FOLDS)}), networks)
    less = f"; about {short} with {FEWER}" if long >= LONG and short < long else ""
    of = f"{networks} networks, {training.epochs} epochs"
    return f"It takes about {long} minute{'s' * (long > 1)} on one core ({of}){less}."


def minutes(rows: int, length: int, training: Training, backtest: Backtest, networks: int) -> int:
    """Of the whole pipeline, at least 1."""
    trained = networks * (training.seeds + 7) + len(backtest.models) * (backtest.folds * backtest.seeds + 7)
    steps = training.epochs * SHARE * rows / training.batch_size
    return max(1, round((STEP * steps * (length + 2) * trained + START * networks + OTHER) / 60))
