"""The pipeline as its users run it: real `dvc` calls on a small copy. What re-runs is part of the contract."""

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from ruamel.yaml import YAML
from selenium import webdriver
from selenium.webdriver.common.by import By

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]

IDENTITY = {f"GIT_{who}_{what}": "test" for who in ("AUTHOR", "COMMITTER") for what in ("NAME", "EMAIL")}
RAN = re.compile(r"^Running stage '(.+)':$", re.MULTILINE)
RESTORED = re.compile(r"^Stage '(.+)' is cached - skipping run, checking out outputs$", re.MULTILINE)
AFTER = {"compare", "parity", "report", "track"}


class Workspace:
    """A copy of the project, small, in git."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.env = os.environ | {
            "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
            "HOME": str(folder.parent),
            "DVC_SITE_CACHE_DIR": str(folder.parent / "site"),
            "DVC_GLOBAL_CONFIG_DIR": str(folder.parent / "global"),
            "DVC_SYSTEM_CONFIG_DIR": str(folder.parent / "system"),
            **IDENTITY,
        }

    def call(self, *command: str, ok: bool = True) -> str:
        done = subprocess.run(
            command, cwd=self.folder, env=self.env, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
        )
        assert (done.returncode == 0) == ok, done.stdout
        return done.stdout

    def dvc(self, *words: str, ok: bool = True) -> str:
        return self.call("dvc", *words, ok=ok)

    def ran(self, *words: str) -> set[str]:
        return set(RAN.findall(self.dvc(*words)))

    def set(self, key: str, value: object) -> None:
        path, yaml = self.folder / "params.yaml", YAML()
        content = section = yaml.load(path)
        *parts, last = key.split(".")
        for part in parts:
            section = section[part]
        section[last] = value
        yaml.dump(content, path)

    def read(self, name: str) -> dict:
        return json.loads((self.folder / name).read_text())

    def commit(self) -> None:
        self.call("git", "add", "-A")
        self.call("git", "commit", "-qm", "step", "--allow-empty")

    def runs(self) -> list[str]:
        """Names of the top-level runs in the store, oldest first."""
        script = (
            "from pathlib import Path; from rnnlab.tracking import Store; s = Store(Path('.'));"
            "print(*(r.info.run_name for r in s.client.search_runs(list(s.experiments.values()),"
            " order_by=['attributes.start_time ASC']) if 'mlflow.parentRunId' not in r.data.tags), sep='\\n')"
        )
        return self.call(sys.executable, "-c", script).splitlines()


@pytest.fixture(scope="module")
def workspace(tmp_path_factory):
    root = Path(__file__).parent.parent
    folder = tmp_path_factory.mktemp("pipeline") / "project"
    for name in ("rnnlab", "stages", ".dvc/plots"):
        shutil.copytree(root / name, folder / name, ignore=shutil.ignore_patterns("__pycache__"))
    for name in (
        ".dvc/config",
        ".dvc/.gitignore",
        ".dvcignore",
        ".gitignore",
        "dvc.yaml",
        "params.yaml",
        "data/example.csv",
    ):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(root / name, folder / name)
    workspace = Workspace(folder)
    workspace.set("training.stock.epochs", 3)
    workspace.set("training.stock.seeds", 2)
    workspace.set("training.digits.epochs", 2)
    workspace.set("backtest.models", ["stock_gru"])
    workspace.set("backtest.seeds", 1)
    workspace.set("memory.lengths", [4, 6])
    workspace.set("memory.epochs", 1)
    params = YAML(typ="safe").load(folder / "params.yaml")
    workspace.set("models", {name: params["models"][name] for name in ("stock_rnn", "stock_gru", "digits_bigru")})
    workspace.call("git", "init", "-q")
    workspace.commit()
    workspace.first = workspace.dvc("repro")
    workspace.commit()
    return workspace


def test_end_to_end(workspace):
    """The first run makes everything; the tests below go on from it, each ends as it began."""
    board = workspace.read("metrics/leaderboard.json")
    baselines = {"persistence", "drift", "moving_average", "same_weekday", "ridge"}
    assert set(board["stock"]) == baselines | {"stock_rnn", "stock_gru"}
    assert set(board["digits"]) == {"majority_class", "digits_bigru"}
    assert workspace.read("data/windows/stock.json")["count"] == 426
    assert workspace.read("metrics/test/stock_gru.json")["days"] == 226
    assert (workspace.folder / "report/pictures/stock_gru/forecast.png").is_file()
    assert "stock_gru: epoch    2" in workspace.first
    assert sorted(workspace.runs()) == ["workspace / digits_bigru", "workspace / stock_gru", "workspace / stock_rnn"]
    assert workspace.call("git", "status", "--short") == ""


@pytest.fixture
def browser():
    if not (shutil.which("chromium") and shutil.which("chromedriver")):
        pytest.skip("needs Debian's chromium and chromium-driver")
    options = webdriver.ChromeOptions()
    for word in ("headless", "no-sandbox", "disable-gpu", "disable-quic", "disable-background-networking"):
        options.add_argument(f"--{word}")
    options.binary_location = shutil.which("chromium")
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    driver = webdriver.Chrome(options, webdriver.ChromeService(shutil.which("chromedriver")))
    yield driver
    driver.quit()


def test_the_report_in_a_browser(workspace, browser):
    for width in (1280, 390):
        size = {"width": width, "height": 900, "deviceScaleFactor": 1, "mobile": width < 800}
        browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", size)
        browser.get((workspace.folder / "report/index.html").as_uri())
        browser.execute_script("document.querySelectorAll('details').forEach(fold => fold.open = true)")
        assert browser.execute_script("return document.documentElement.scrollWidth") <= width  # no scrolling sideways
        pictures = browser.execute_script(
            "return Promise.all([...document.images].map(i => i.decode().then(() => [i.alt, i.naturalWidth])))"
        )
        assert len(pictures) >= 10
        assert all(alt and natural > 100 for alt, natural in pictures)
        assert browser.get_log("browser") == []
    headings = [heading.text for heading in browser.find_elements(By.CSS_SELECTOR, "h1, h2")]
    assert headings[:3] == ["What the networks learned", "Prices", "Why the curves look so good"]
    assert "networks beats tomorrow = today" in browser.find_element(By.CSS_SELECTOR, ".verdict").text


def test_nothing_changed_runs_nothing(workspace):
    assert "Data and pipelines are up to date." in workspace.dvc("repro")


def test_the_same_params_give_the_same_bytes(workspace):
    made = [workspace.folder / "models/stock_gru.safetensors", *(workspace.folder / "metrics").rglob("*.*")]
    before = {path: path.read_bytes() for path in made}
    assert workspace.ran("repro", "--force", "--single-item", "train@stock_gru") == {"train@stock_gru"}
    workspace.dvc("repro", "--force", "--single-item", "evaluate@stock_gru")
    assert {path: path.read_bytes() for path in before} == before
    assert workspace.dvc("status", "-q") == ""


def test_a_models_size_touches_that_model_alone_and_a_value_tried_before_is_restored(workspace):
    workspace.set("models.stock_gru.hidden_size", 4)
    assert workspace.ran("repro") == {"train@stock_gru", "evaluate@stock_gru", "backtest@stock_gru"} | AFTER
    runs = workspace.runs()
    assert len(runs) == 4

    workspace.set("models.stock_gru.hidden_size", 8)
    output = workspace.dvc("repro")
    assert {"train@stock_gru", "report", "track"} <= set(RESTORED.findall(output))
    # seconds each; their results lie in git
    assert set(RAN.findall(output)) <= {"evaluate@stock_gru", "backtest@stock_gru", "compare", "parity"}
    workspace.call(sys.executable, "-m", "stages.track")
    assert workspace.runs() == runs  # the same result makes no second run
    assert workspace.call("git", "status", "--short", "metrics", "dvc.lock") == ""


def test_a_window_touches_the_stock_track_alone(workspace):
    workspace.set("stock.window.length", 4)
    expected = {"scale@stock", "window@stock", "split@stock", "baselines@stock", "backtest@stock_gru"} | AFTER
    expected |= {f"{stage}@{model}" for stage in ("train", "evaluate") for model in ("stock_rnn", "stock_gru")}
    assert workspace.ran("repro") == expected
    workspace.call("git", "checkout", "-q", ".")
    workspace.dvc("checkout", "-q")


def test_a_metrics_code_retrains_nothing(workspace):
    path = workspace.folder / "rnnlab/metrics.py"
    path.write_text(path.read_text() + "\n# a comment\n")
    names = ("stock_rnn", "stock_gru", "digits_bigru")
    expected = {f"evaluate@{name}" for name in names} | {"baselines@stock", "baselines@digits"}
    assert workspace.ran("repro") == expected | {"compare", "parity", "report"}  # same figures: no new run
    workspace.call("git", "checkout", "-q", ".")


def test_an_added_model_trains_alone_in_a_temporary_copy_and_lands_in_the_same_store(workspace):
    before = workspace.runs()
    model = "{track: stock, cell: gru, bidirectional: false, hidden_size: 3, num_layers: 1, head: last, output: linear}"
    output = workspace.dvc("exp", "run", "--temp", "-n", "lunar-gyms", "-S", f"+models.stock_tiny={model}")
    assert set(RAN.findall(output)) == {"train@stock_tiny", "evaluate@stock_tiny"} | AFTER
    assert workspace.runs() == [*before, "lunar-gyms / stock_tiny"]
    assert workspace.call("git", "status", "--short") == ""


def test_a_users_csv_outside_the_repository_is_read_and_its_changes_are_seen(workspace, tmp_path):
    prices = tmp_path / "mine.csv"
    shutil.copy(workspace.folder / "data/example.csv", prices)
    workspace.set("stock.source", "csv")
    workspace.set("stock.path", str(prices))
    assert workspace.ran("repro", "split@stock") == {
        f"{stage}@stock" for stage in ("fetch", "scale", "window", "split")
    }
    assert workspace.read("data/windows/stock.json")["count"] == 295
    with prices.open("a") as file:
        file.write("2025-06-02,1,2,1,2,100\n")
    assert "fetch@stock" in workspace.ran("repro", "split@stock")
    assert workspace.read("data/windows/stock.json")["count"] == 296

    prices.write_text(prices.read_text().replace("2025-06-02,1,2,1,2,100", "2025-06-02,1,2,1,two,100"))
    output = workspace.dvc("repro", "split@stock", ok=False)
    assert f"error: {prices}: line 302, column Close: 'two' is not a finite number" in output
    assert "Traceback" not in output
    workspace.call("git", "checkout", "-q", ".")
    workspace.dvc("checkout", "-q")
