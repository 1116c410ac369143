import sys

from stages import progress

ROWS = [{"epoch": epoch, "seed": seed, "train_loss": 0.5} for seed in (3, 4) for epoch in range(201)]


def test_lines_every_100_epochs_where_there_is_no_terminal(capsys):
    assert list(progress.report(ROWS, 201, 2, "m")) == ROWS
    lines = capsys.readouterr().out.splitlines()
    assert lines[:3] == [f"m: seed 3  epoch {epoch:>4}  train_loss 0.5000" for epoch in (0, 100, 200)]
    assert len(lines) == 6


def test_one_bar_a_model_on_a_terminal(capsys, monkeypatch):
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True, raising=False)
    assert list(progress.report(ROWS, 201, 2, "m")) == ROWS
    captured = capsys.readouterr()
    assert captured.out == ""
    assert "402/402" in captured.err
