"""A store that was moved, of another MLflow, or without an experiment; and what `track` says last."""

import json
import shutil
import sqlite3
from contextlib import closing

import pytest
from mlflow import MlflowClient
from sqlalchemy.exc import OperationalError

from rnnlab.tracking import ending
from rnnlab.tracking.database import _is_whole
from rnnlab.tracking.store import NOTE, Store, UnreachableError, explain
from rnnlab.windows.series_info import SeriesInfo


@pytest.fixture
def project(tmp_path, empty_store):
    folder = tmp_path / "project"
    folder.mkdir()
    shutil.copy(empty_store, folder / "mlflow.db")
    return folder


def test_a_moved_project_finds_its_artifacts_and_writes_no_new_ones_to_the_old_place(project, tmp_path):
    store = Store(project, series="GOOG")
    old = store.start("series", "gru", {})
    store.client.log_text(old, "a", "a.txt")
    moved = project.rename(tmp_path / "moved")
    store = Store(moved, series="GOOG")
    new = store.start("series", "lstm", {})
    store.client.log_text(new, "b", "b.txt")
    assert [file.path for file in store.client.list_artifacts(old)] == ["a.txt"]
    assert {path.name for path in (moved / "mlartifacts").rglob("*.txt")} == {"a.txt", "b.txt"}
    assert not project.exists()


def test_artifacts_that_were_put_elsewhere_on_purpose_stay_there(project):
    elsewhere = "s3://bucket/mlartifacts"
    Store(project).client.create_experiment("mine", elsewhere)
    assert Store(project).client.get_experiment_by_name("mine").artifact_location == elsewhere


# The second is the revision by which MLflow gave metrics their steps.
@pytest.mark.parametrize(
    ("made_by", "command"), [("ffffffffffff", "pip install --upgrade"), ("451aebb31d03", "db upgrade")]
)
def test_a_store_of_another_mlflow_is_named_with_the_command_that_mends_it(project, made_by, command):
    with sqlite3.connect(project / "mlflow.db") as connection:
        connection.execute("UPDATE alembic_version SET version_num = ?", [made_by])
    with pytest.raises(UnreachableError, match=command):
        Store(project)


UNSTAMPED = "CREATE TABLE experiments (name TEXT); CREATE TABLE alembic_version (version_num TEXT)"


@pytest.mark.parametrize("content", [UNSTAMPED, "CREATE TABLE experiments (name TEXT)"])
def test_a_store_that_was_cut_short_when_it_was_made_is_moved_aside_and_made_again(tmp_path, content, capsys):
    with closing(sqlite3.connect(tmp_path / "mlflow.db")) as database:
        database.executescript(content)
    Store(tmp_path, series="GOOG")
    assert "mlflow.db: is incomplete or damaged; moved to mlflow.db.broken-1" in capsys.readouterr().err
    with closing(sqlite3.connect(tmp_path / "mlflow.db.broken-1")) as database:
        assert database.execute("SELECT count(*) FROM experiments").fetchone() == (0,)
    Store(tmp_path, series="GOOG")
    assert capsys.readouterr().err == ""


@pytest.mark.parametrize("damage", [lambda content: b"x" * len(content), lambda content: content[: len(content) // 2]])
def test_a_damaged_store_is_moved_aside_and_made_again(project, damage):
    path = project / "mlflow.db"
    path.write_bytes(damaged := damage(path.read_bytes()))
    assert Store(project, series="GOOG").experiments
    assert path.with_name("mlflow.db.broken-1").read_bytes() == damaged


def test_a_store_is_made_whole_or_not_at_all(tmp_path, monkeypatch):
    monkeypatch.setattr(MlflowClient, "search_experiments", lambda *_, **__: pytest.exit("killed"))
    with pytest.raises(pytest.exit.Exception):
        Store(tmp_path, series="GOOG")
    assert not (tmp_path / "mlflow.db").exists()


def test_a_store_that_another_process_writes_is_not_moved(project):
    with closing(sqlite3.connect(project / "mlflow.db")) as database:
        database.execute("BEGIN EXCLUSIVE")
        assert _is_whole(project / "mlflow.db")


def test_an_error_of_the_database_is_said_without_its_query():
    error = OperationalError("SELECT 1", None, sqlite3.OperationalError("database is locked"))
    assert explain(error) == "database is locked"


@pytest.mark.parametrize("name", ["what?", "no#1", "100%"])
def test_a_folder_in_which_mlflow_opens_no_store_is_named(tmp_path, name):
    (tmp_path / name).mkdir()
    with pytest.raises(UnreachableError, match=r"MLflow opens no store in .*: rename the folder without"):
        Store(tmp_path / name, series="GOOG")
    assert [path.name for path in tmp_path.iterdir()] == [name]


def test_a_deleted_experiment_is_named_with_the_command_that_restores_it(project):
    store = Store(project, series="GOOG")
    store.client.delete_experiment(store.experiments["series"])
    number = store.experiments["series"]
    with pytest.raises(UnreachableError, match=f"mlflow experiments restore --experiment-id {number}$") as caught:
        Store(project, series="GOOG")
    assert explain(caught.value) == str(caught.value)  # not cut short, as errors of others are


def test_an_experiment_and_a_run_say_what_they_are(project):
    store = Store(project, series="GOOG")
    assert "GOOG" in store.client.get_experiment(store.experiments["series"]).tags[NOTE]
    run = store.client.get_run(store.start("series", "gru", {}))
    assert run.data.tags["mlflow.source.name"] == "dvc.yaml"
    assert run.data.tags["mlflow.user"]


@pytest.fixture
def last_line(tmp_path, monkeypatch):
    """The first of the last lines, by what the last commit has of the boards, parameters and steps of the test part."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("DVC_ROOT", raising=False)
    (tmp_path / "metrics").mkdir()
    monkeypatch.setattr(ending, "read_info", lambda: SeriesInfo("GOOG", "Close", "dollars", "day", 1, None, 1))

    def files(board, series, steps):
        models = {name: {} for name in ("rnn", "gru", "mlp")}
        contents = {"leaderboard": {"format": ["x", 2]} | board, "comparison": {"series": {"steps": steps}}}
        found = {f"metrics/{name}.json": json.dumps(content) for name, content in contents.items()}
        return found | {"params.yaml": json.dumps({"series": series, "models": models})}

    def first(now, before):
        for name, text in files(*now).items():
            (tmp_path / name).write_text(text)
        monkeypatch.setattr(ending, "show_file", lambda _, path: files(*before)[path.as_posix()])
        lines = list(ending.last_lines())
        assert lines[1:] == [f"page: {(tmp_path / 'report/index.html').as_uri()}", "runs: make ui"]
        return lines[0]

    return first


BEFORE = {"series": {"ets": {"rmse": 15.0}, "gru": {"rmse": 18.6372}, "rnn": {"rmse": 26.0}}}
NOW = {"series": {"mlp": {"rmse": 1.5}, "ets": {"rmse": 10.0}, "gru": {"rmse": 17.9}, "rnn": {"rmse": 20.0}}}
GOOG, LASER = {"source": "sample"}, {"source": "laser"}


def test_the_last_lines_name_networks_first_and_the_largest_change_before_others(last_line):
    assert last_line((NOW, GOOG, 226), (BEFORE, GOOG, 226)) == (
        "leaderboard: mlp 1.500 (new), rnn 20.00 (was 26.00), gru 17.90 (was 18.64), ets 10.00 (was 15.00)"
    )


def test_the_last_lines_have_no_earlier_figures_of_another_series(last_line):
    said = last_line((NOW, LASER, 221), (BEFORE, GOOG, 226))
    assert said == "leaderboard: mlp 1.500, gru 17.90, rnn 20.00, ets 10.00, test part: 221 days"


def test_the_last_lines_say_that_the_test_part_is_another(last_line):
    assert last_line((NOW, GOOG, 221), (NOW, GOOG, 226)) == "leaderboard: test part: 221 days (was 226)"


def test_the_last_lines_say_that_nothing_changed(last_line):
    assert last_line((NOW, GOOG, 226), (NOW, GOOG, 226)) == "leaderboard: as in the last commit"
