import sys

from rnnlab.execution import progress

ROWS = [[{"epoch": epoch, "seed": seed, "train_loss": seed / 10} for seed in (3, 4)] for epoch in range(201)]


def test_lines_every_100_epochs_where_there_is_no_terminal(capsys):
    assert list(progress.report(ROWS, 201, "m")) == ROWS
    lines = capsys.readouterr().out.splitlines()
    assert lines == [f"m: epoch {epoch:>4}  train_loss 0.3500  (mean of 2 seeds)" for epoch in (0, 100, 200)]


def test_what_is_trained_side_by_side_may_be_other_than_seeds(capsys):
    list(progress.report(ROWS[:1], 1, "m", "training"))
    assert capsys.readouterr().out == "m: epoch    0  train_loss 0.3500  (mean of 2 trainings)\n"


def test_one_bar_a_model_on_a_terminal(capsys, monkeypatch):
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True, raising=False)
    assert list(progress.report(ROWS[5:], 201, "m")) == ROWS[5:]  # the first five were done before
    captured = capsys.readouterr()
    assert captured.out == ""
    assert "201/201" in captured.err


def test_seeds_that_stop_early_are_named(capsys):
    rows = [
        [{"epoch": epoch, "seed": seed, "train_loss": 0.5} for seed in (3, 4) if epoch < 2 or seed == 4]
        for epoch in range(4)
    ]
    list(progress.report(rows, 100, "m"))
    assert capsys.readouterr().out.splitlines()[1:] == [
        "m: seed 3 stopped after epoch 1",
        "m: seed 4 stopped after epoch 3  train_loss 0.5000",
    ]
