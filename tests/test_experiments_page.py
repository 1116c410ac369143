"""The page of `make experiments`, from what `dvc exp show --json` prints."""

from rnnlab.reporting.experiments import page, read


def content(hidden_size, rmse):
    board = {"format": ["x", 2], "series": {"gru": {"rmse": rmse}}, "digits": {"digits_bigru": {"test_accuracy": 0.5}}}
    return {
        "params": {"params.yaml": {"data": {"models": {"gru": {"hidden_size": hidden_size}}}}},
        "metrics": {"metrics/leaderboard.json": {"data": board}},
    }


SHOWN = [
    {"name": None, "data": content(1, 9.0), "experiments": None},  # the workspace
    {
        "name": "main",
        "data": content(8, 3.0),
        "experiments": [
            {"name": "small", "revs": [{"data": content(4, 2.5)}]},
            {"name": "queued", "revs": [{"data": None}]},
        ],
    },
]


def test_the_commit_and_the_experiments_that_ended_are_read():
    assert [(name, board["series"]["gru"]["rmse"]) for name, _, board in read(SHOWN)] == [("main", 3.0), ("small", 2.5)]


def test_the_page_has_each_experiments_figures_and_changes():
    html = page(list(read(SHOWN)))
    assert "small,gru,2.5" in html
    assert "small,digits_bigru,50" in html
    assert '<th scope="row">small</th><td>models.gru.hidden_size=4</td>' in html
