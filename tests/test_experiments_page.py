"""The page of `make experiments`, from what `dvc exp show --json` prints."""

from rnnlab.reporting.experiments import page, read


def content(hidden_size, rmse):
    models = {"gru": {"track": "series", "hidden_size": hidden_size}, "digits_bigru": {"track": "digits"}}
    return {
        "params": {"params.yaml": {"data": {"models": models}}},
        "metrics": {"metrics/ranking.json": {"data": {"gru": rmse, "best_rule": 2.0, "digits_bigru": 0.5}}},
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
    assert [(name, ranking["gru"]) for name, _, ranking in read(SHOWN)] == [("main", 3.0), ("small", 2.5)]


def test_the_page_has_each_experiments_figures_and_changes():
    html = page(list(read(SHOWN)))
    assert "small,gru,2.5,1.25" in html
    assert "small,digits_bigru,0.5,50" in html
    assert '<th scope="row">small</th><td>models.gru.hidden_size=4</td>' in html
