"""The pipeline as its users run it: real `dvc` calls on a small copy. What re-runs is part of the contract."""

import json
import shutil
import subprocess
import sys
from types import SimpleNamespace

import pytest
from selenium.webdriver.common.action_chains import ActionChains
from selenium.webdriver.common.by import By
from selenium.webdriver.support.ui import WebDriverWait
from workspace import RAN, RESTORED, SECRET

from rnnlab.data.sources import series_sample

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]

AFTER = {"compare", "report", "track"}


@pytest.fixture(scope="module")
def workspace(made, tmp_path_factory):
    return made.copy(tmp_path_factory.mktemp("pipeline") / "home")


def test_end_to_end(workspace, made):
    """The first run makes everything; the tests below go on from it, each ends as it began."""
    board = workspace.read("metrics/leaderboard.json")
    simple = {"persistence", "drift", "moving_average", "seasonal_naive", "seasonal_naive_drift", "ridge"}
    classical = {"autoreg", "ets", "theta", "sarima"}
    assert set(board["series"]) == simple | classical | {"rnn", "gru"}
    assert set(board["digits"]) == {"majority_class", "digits_bigru"}
    assert workspace.read("data/windows/series.json")["count"] == 426
    assert workspace.read("metrics/test/gru.json")["steps"] == 226
    assert (workspace.folder / "report/pictures/gru/forecast.png").is_file()
    assert "gru: epoch    2" in made.first
    assert sorted(workspace.runs()) == ["digits_bigru", "gru", "rnn"]
    assert workspace.call("git", "status", "--short") == ""


def test_no_stage_of_a_single_series_imports_what_panels_need(made):
    stages = [line for line in made.imports if line.startswith("-m stages.")]
    assert {line.split()[1].rstrip(":") for line in stages} >= {"stages.fetch", "stages.train", "stages.backtest"}
    assert [line for line in stages if not line.endswith(": []")] == []


SCREENS = [(1280, "light"), (1280, "dark"), (390, "light"), (390, "dark")]
OFFLINE = {"offline": True, "latency": 0, "downloadThroughput": 0, "uploadThroughput": 0}


@pytest.fixture
def open_report(workspace, browser):
    """Open the page without a network, on a screen of a width and in a colour scheme."""

    def open_report(width, scheme):
        size = {"width": width, "height": 900, "deviceScaleFactor": 1, "mobile": width < 800}
        media = {"features": [{"name": "prefers-color-scheme", "value": scheme}]}
        browser.execute_cdp_cmd("Network.enable", {})
        browser.execute_cdp_cmd("Network.emulateNetworkConditions", OFFLINE)
        browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", size)
        browser.execute_cdp_cmd("Emulation.setEmulatedMedia", media)
        browser.get((workspace.folder / "report/index.html").as_uri())
        WebDriverWait(browser, 20).until(lambda page: page.find_elements(By.CSS_SELECTOR, ".chart svg.marks"))
        return browser

    return open_report


@pytest.mark.parametrize(("width", "scheme"), SCREENS)
def test_the_report_draws_all_charts_and_does_not_scroll_sideways(open_report, width, scheme):
    page = open_report(width, scheme)
    assert page.find_element(By.CSS_SELECTOR, ".chart").location["y"] < 400  # on the first screen
    page.execute_script("document.querySelectorAll('details').forEach(fold => fold.open = true)")
    for chart in page.find_elements(By.CSS_SELECTOR, ".chart"):
        page.execute_script("arguments[0].scrollIntoView()", chart)
        WebDriverWait(page, 20).until(lambda _, chart=chart: chart.find_elements(By.CSS_SELECTOR, "svg.marks"))
    assert page.execute_script("return document.documentElement.scrollWidth") <= width
    assert page.get_log("browser") == []


def test_a_charts_legend_hides_a_line_and_the_pointer_shows_values(open_report):
    page = open_report(1280, "light")
    chart = page.find_element(By.CSS_SELECTOR, ".chart")
    hidden = "return document.querySelector('.chart').querySelectorAll('.mark-line path[opacity=\"0\"]').length"
    assert page.execute_script(hidden) == 0
    names = chart.find_elements(By.CSS_SELECTOR, ".role-legend-label text")
    assert [name.text for name in names][:3] == ["actual", "rnn", "gru"]
    names[1].click()
    assert page.execute_script(hidden) == 1
    ActionChains(page).move_to_element(chart.find_element(By.CSS_SELECTOR, "svg.marks")).perform()
    shown = page.find_element(By.ID, "vg-tooltip-element")
    WebDriverWait(page, 5).until(lambda _: "visible" in shown.get_attribute("class"))
    assert "actual" in shown.text


def test_nothing_changed_runs_nothing(workspace):
    assert "Data and pipelines are up to date." in workspace.dvc("repro")


@pytest.mark.long
@pytest.mark.promise(number=4)
def test_the_same_params_give_the_same_bytes_in_other_surroundings(workspace, monkeypatch):
    folders = ("data/scaled", "data/split", "models", "metrics", "report")
    made = [path for name in folders for path in (workspace.folder / name).rglob("*") if path.is_file()]
    before = {path: path.read_bytes() for path in made}
    for name, value in {"PYTHONHASHSEED": "7", "TZ": "Asia/Seoul", "LC_ALL": "C"}.items():
        monkeypatch.setitem(workspace.env, name, value)
    workspace.dvc("repro", "--force")
    assert {path for path in before if path.read_bytes() != before[path]} == set()
    assert workspace.call("git", "status", "--short") == ""


@pytest.mark.promise(number=8)
def test_dvc_shows_figures_and_no_format_among_the_metrics(workspace):
    shown = json.loads(workspace.dvc("metrics", "show", "--json"))[""]["data"]["metrics/ranking.json"]["data"]
    assert set(shown) == {"rnn", "gru", "best_rule", "digits_bigru"}


def outputs(workspace):
    made = [path for name in ("data", "models", "metrics", "report") for path in (workspace.folder / name).rglob("*")]
    return {path: path.stat().st_mtime_ns for path in made}


MISTAKES = [
    ("training.series.seeds", -1, "training.series.seeds: input should be greater than or equal to 1 (found -1)"),
    ("memory.seeds", 0, "memory.seeds: input should be greater than or equal to 1 (found 0)"),
    ("models.gru.track", "bonds", "models.gru.track: input should be 'series' or 'digits'"),
    ("series.path", "no/such.csv", "params.yaml: series.path: no/such.csv: there is no such file or folder"),
    ("report", 1, "report: unknown key; allowed: series, digits"),
    # what dvc.yaml itself reads is refused by DVC, in its own words
    ("models", 3, "failed to resolve 'stages.train.foreach' in 'dvc.yaml': expected list/dictionary, got int"),
    ("backtest", {}, "failed to parse 'stages.backtest.foreach' in 'dvc.yaml': Could not find 'backtest.models'"),
    ("series", {}, "failed to parse 'stages.fetch.foreach' in 'dvc.yaml': Could not find 'series.path'"),
]


@pytest.mark.promise(number=3)
@pytest.mark.parametrize(("key", "value", "message"), MISTAKES)
def test_a_mistake_in_params_costs_no_output(workspace, key, value, message):
    before = outputs(workspace)
    workspace.set(key, value)
    said = workspace.dvc("repro", ok=False)
    workspace.call("git", "checkout", "-q", "params.yaml")
    assert message in said
    assert "Traceback" not in said
    assert outputs(workspace) == before


@pytest.mark.promise(number=7)
def test_no_file_and_no_run_has_a_password_of_the_remotes(workspace, made):
    settings = [workspace.folder / ".git/config", workspace.folder / ".dvc/config.local"]
    files = [path for path in workspace.folder.rglob("*") if path.is_file() and path not in settings]
    assert workspace.folder / "mlflow.db" in files
    assert [path for path in files if SECRET.encode() in path.read_bytes()] == []
    assert SECRET not in made.first


@pytest.fixture(scope="module")
def tried(workspace):
    """An experiment with a smaller model, made while MLflow is away; its run added later; and the way back."""
    before = workspace.runs()
    workspace.env["MLFLOW_TRACKING_URI"] = "http://127.0.0.1:9"
    made = workspace.dvc("exp", "run", "-n", "outage", "-S", "models.gru.hidden_size=4")
    del workspace.env["MLFLOW_TRACKING_URI"]
    during = workspace.runs()
    tracked, status = workspace.call(sys.executable, "-m", "stages.track"), workspace.dvc("status", "-q")
    after = workspace.runs()
    workspace.call("git", "restore", "-SW", "params.yaml", "dvc.lock", "metrics")
    back = workspace.dvc("repro")
    return SimpleNamespace(
        before=before, made=made, during=during, tracked=tracked, status=status, after=after, back=back
    )


def test_a_models_size_touches_that_model_alone(tried):
    expected = {"check", "train@gru", "evaluate@gru", "backtest@gru"} | AFTER
    assert set(RAN.findall(tried.made)) == expected


def test_without_mlflow_the_results_are_made_and_track_adds_their_runs_later(tried):
    assert tried.made.count("MLflow at http://127.0.0.1:9 can't be reached") == 1
    assert tried.during == tried.before
    assert "new run: gru / outage" in tried.tracked
    assert tried.status == ""


def test_a_value_tried_before_is_restored(tried, workspace):
    assert {"train@gru", "evaluate@gru", "report", "track"} <= set(RESTORED.findall(tried.back))
    assert set(RAN.findall(tried.back)) <= {"check", "compare"}
    workspace.call(sys.executable, "-m", "stages.track")
    assert workspace.runs() == tried.after  # the same result makes no second run
    assert workspace.call("git", "status", "--short") == ""


@pytest.mark.parametrize(("key", "value"), [("series.window.length", 4), ("series.panel", "global")])
def test_a_parameter_of_the_series_touches_the_series_track_alone(workspace, key, value):
    workspace.set(key, value)
    expected = {f"{stage}@series" for stage in ("scale", "window", "split", "baselines")} | {"backtest@gru"}
    expected |= {f"{stage}@{model}" for stage in ("train", "evaluate") for model in ("rnn", "gru")}
    touched = workspace.touched()
    workspace.call("git", "checkout", "-q", ".")
    assert touched == expected | AFTER


def test_a_metrics_code_retrains_nothing(workspace):
    path = workspace.folder / "rnnlab/evaluation/metrics.py"
    path.write_text(path.read_text() + "\n# a comment\n")
    touched = workspace.touched()
    workspace.call("git", "checkout", "-q", ".")
    names = ("rnn", "gru", "digits_bigru")
    expected = {f"evaluate@{name}" for name in names} | {"baselines@series", "baselines@digits"}
    assert touched == expected | AFTER


@pytest.mark.long
def test_an_added_model_trains_alone_in_a_temporary_copy_and_lands_in_the_same_store(workspace):
    before = workspace.runs()
    model = (
        "{track: series, cell: gru, bidirectional: false, hidden_size: 3, num_layers: 1, head: last, output: linear}"
    )
    output = workspace.dvc("exp", "run", "--temp", "-n", "lunar-gyms", "-S", f"+models.tiny={model}")
    assert set(RAN.findall(output)) == {"check", "train@tiny", "evaluate@tiny"} | AFTER
    assert workspace.runs() == [*before, "tiny / lunar-gyms"]
    assert workspace.call("git", "status", "--short") == ""


def test_a_users_csv_outside_the_repository_is_read_and_its_changes_are_seen(workspace, tmp_path):
    prices = tmp_path / "mine.csv"
    shutil.copy(workspace.folder / "data/example.csv", prices)
    workspace.set("series.source", "csv")
    workspace.set("series.path", str(prices))
    stages = {f"{stage}@series" for stage in ("fetch", "scale", "window", "split")}
    assert workspace.ran("repro", "split@series") == stages | {"check"}
    assert workspace.read("data/windows/series.json")["count"] == 295
    with prices.open("a") as file:
        file.write("2025-06-02,1,2,1,2,100\n")
    assert "fetch@series" in workspace.ran("repro", "split@series")
    assert workspace.read("data/windows/series.json")["count"] == 296

    prices.write_text(prices.read_text().replace("2025-06-02,1,2,1,2,100", "2025-06-02,1,2,1,two,100"))
    output = workspace.dvc("repro", "split@series", ok=False)
    assert f"error: {prices}: line 302, column Close: 'two' is not a finite number" in output
    assert "Traceback" not in output
    workspace.call("git", "checkout", "-q", ".")
    workspace.dvc("checkout", "-q")


@pytest.fixture
def day_before(workspace):
    """The prices without their last day."""
    path = workspace.folder / "before.csv"
    series_sample().iloc[:-1].to_csv(path, index=False)
    yield str(path)
    path.unlink()


def last_day(workspace, model):
    """What `evaluate` says of it."""
    header, *_, last = (workspace.folder / f"metrics/predictions/{model}.csv").read_text().splitlines()
    return dict(zip(header.split(","), last.split(","), strict=True))


def test_a_forecast_is_what_evaluate_says_of_that_day(workspace, day_before):
    content = json.loads(workspace.call("rnnlab", "forecast", "--data", day_before, "--model", "gru", "--json"))
    (day,), evaluated = content["steps"], last_day(workspace, "gru")
    assert day["date"][:10] == evaluated["date"]
    assert day["forecast"] == pytest.approx(float(evaluated["y_pred"]), rel=1e-6)
    for level in ("80", "95"):
        bounds = float(evaluated[f"lower_{level}"]), float(evaluated[f"upper_{level}"])
        assert day["intervals"][level] == pytest.approx(bounds, rel=1e-6)


LOADED = """
import json, sys, mlflow, pandas as pd
mlflow.set_tracking_uri("sqlite:///mlflow.db")
table = json.load(sys.stdin)["dataframe_split"]
print(mlflow.pyfunc.load_model("models:/GOOG@champion").predict(pd.DataFrame(**table)).iloc[0, 0])
"""


@pytest.mark.long
def test_the_champion_forecasts_what_evaluate_says_of_that_day(workspace, day_before):
    workspace.call("rnnlab", "promote", "--force")
    board = workspace.read("metrics/leaderboard.json")["series"]
    expected = float(last_day(workspace, next(name for name in board if name.startswith("gru")))["y_pred"])
    words = ("forecast", "--data", day_before, "--model", "models:/GOOG@champion")
    by_weights = json.loads(workspace.call("rnnlab", *words, "--json"))
    assert by_weights["steps"][0]["forecast"] == pytest.approx(expected, rel=1e-6)
    request = workspace.call("rnnlab", *words, "--request")
    loaded = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", LOADED],
        input=request, cwd=workspace.folder, env=workspace.env, capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert float(loaded.stdout.splitlines()[-1]) == pytest.approx(expected, rel=1e-6)


@pytest.mark.long
def test_a_run_says_how_to_have_it_again(workspace):
    script = (
        "from pathlib import Path; from rnnlab.tracking.store import Store; s = Store(Path('.'), series='GOOG');"
        "(r,) = s.client.search_runs([s.experiments['series']], \"tags.mlflow.runName = 'tiny / lunar-gyms'\");"
        "print(r.data.tags['mlflow.note.content'])"
    )
    _, _, command, _, *card = workspace.call(sys.executable, "-c", script).splitlines()
    assert " && dvc exp run -S '+models.tiny={track: series, cell: gru," in command
    assert card[0] == "# tiny"
    assert card[2].startswith("On 226 trading days of a single split tiny does not beat every simple rule")
