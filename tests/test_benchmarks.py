"""The benchmarks still run; what they find is not a test's business."""

import json

import pytest


@pytest.fixture
def benchmarks(root, monkeypatch, tmp_path):
    monkeypatch.syspath_prepend(str(root / "benchmarks"))
    import results

    monkeypatch.setattr(results, "FILE", tmp_path / "results.json")
    return results.FILE


def test_stock(benchmarks, monkeypatch, capsys):
    import stock

    monkeypatch.setattr(stock, "EPOCHS", 1)
    monkeypatch.setattr(stock, "TURNS", 1)
    stock.main()
    kept = json.loads(benchmarks.read_text())["stock"]
    assert [row["cell"] for row in kept["rows"]] == ["rnn"] * 5 + ["lstm"] * 5 + ["gru"] * 5
    assert all(row["times the loop"] > 0 for row in kept["rows"])
    assert {"command", "date", "machine", "versions"} < set(kept)
    assert capsys.readouterr().out.count("\n") == 2 + 15


def test_a_benchmark_keeps_the_figures_of_the_others(benchmarks):
    import results

    for name in ("one", "two"):
        results.publish(name, [{"what": "x", "seconds": 1.0}])
    assert set(json.loads(benchmarks.read_text())) == {"one", "two"}
