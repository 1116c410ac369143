"""The benchmarks still run; what they find is not a test's business."""

import json
import subprocess
from pathlib import Path

import pytest


@pytest.fixture
def benchmarks(root, monkeypatch, tmp_path):
    monkeypatch.syspath_prepend(str(root / "benchmarks"))
    import results

    monkeypatch.setattr(results, "FILE", tmp_path / "results.json")
    return results.FILE


def test_series(benchmarks, monkeypatch, capsys):
    import series

    monkeypatch.setattr(series, "EPOCHS", 1)
    monkeypatch.setattr(series, "TURNS", 1)
    series.main()
    kept = json.loads(benchmarks.read_text())["series"]
    assert [row["cell"] for row in kept["rows"]] == ["rnn"] * 5 + ["lstm"] * 5 + ["gru"] * 5
    assert all(row["times the loop"] > 0 for row in kept["rows"])
    assert {"command", "date", "machine", "versions"} < set(kept)
    assert capsys.readouterr().out.count("\n") == 2 + 15


def test_stacking(benchmarks, monkeypatch):
    import stacking

    monkeypatch.setattr(stacking, "EPOCHS", 1)
    monkeypatch.setattr(stacking, "TURNS", 1)
    stacking.main()
    rows = json.loads(benchmarks.read_text())["stacking"]["rows"]
    assert [row["engine"] for row in rows] == ["replicas", "stacked"] * 5 + ["ensemble"]


def test_a_benchmark_keeps_the_figures_of_the_others(benchmarks):
    import results

    for name in ("one", "two"):
        results.publish(name, [{"what": "x", "seconds": 1.0}])
    assert set(json.loads(benchmarks.read_text())) == {"one", "two"}


SUITE = '<testsuites><testsuite tests="{}" failures="{}" errors="0" skipped="1">{}</testsuite></testsuites>'
FIGURE = '<testcase name="x"><properties><property name="p99 ms" value="39" /></properties></testcase>'


@pytest.mark.parametrize(
    ("tests", "failures", "survived", "code"), [(4, 0, 3, 0), (4, 2, 1, 1), (1, 0, 0, 1)], ids=["held", "lost", "none"]
)
def test_faults_counts_what_was_tried(benchmarks, monkeypatch, tests, failures, survived, code):
    import faults

    def fake_pytest(words, **options):
        for word in words:
            if word.startswith("--junit-xml="):
                Path(word.partition("=")[2]).write_text(SUITE.format(tests, failures, FIGURE))
                return None
        return run(words, **options)  # platform asks so for the machine's name

    run = subprocess.run
    monkeypatch.setattr(subprocess, "run", fake_pytest)
    monkeypatch.setattr(faults, "FILE", benchmarks)
    benchmarks.write_text(json.dumps({"faults": {"rows": [{"number": 3, "tried": 9}]}}))
    with pytest.raises(SystemExit) as ended:
        faults.main([8])
    before, row = json.loads(benchmarks.read_text())["faults"]["rows"]
    assert before == {"number": 3, "tried": 9}
    assert (row["tried"], row["survived"], row["lost"], row["skipped"]) == (tests - 1, survived, failures, 1)
    assert row["figures"] == "p99 ms: 39"
    assert ended.value.code == code


def test_faults_knows_its_promises(benchmarks):
    import faults

    with pytest.raises(SystemExit, match="there is no promise 9; there are 1 to 8"):
        faults.main([9])
