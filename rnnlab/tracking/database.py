"""The database of MLflow's store: a new or a broken one, of a project that was moved, of another version of MLflow."""

import re
import sqlite3
import sys
from contextlib import closing
from importlib.metadata import version
from importlib.resources import files
from itertools import count
from pathlib import Path
from shlex import quote

from mlflow import MlflowClient

from rnnlab.core.errors import UserError

ADDRESSES = (  # of artifacts, in MLflow's tables
    ("experiments", "artifact_location"),
    ("runs", "artifact_uri"),
    ("logged_models", "artifact_location"),
    ("model_versions", "source"),
    ("model_versions", "storage_location"),
)


def prepare(database: Path) -> None:
    """Make the project's own sqlite file where there is none, whole or not at all: MLflow makes its tables in seconds,
    and what is killed meanwhile can't be opened ever after. Such a file, or a damaged one, is moved aside: `track`
    makes all runs again.

    Raises:
        UserError: if MLflow can't open a file in this folder, or of this name.
    """
    if wrong := set("?#%") & set(str(database.resolve())):
        raise UserError(f"MLflow opens no store in {database.resolve().parent}: rename the folder without {min(wrong)}")
    if database.is_dir() or (database.is_symlink() and not database.exists()):
        raise UserError(f"{database} is a folder, or a link to a file that is not there: move it away")
    if database.is_file() and not _is_whole(database):
        aside = next(path for n in count(1) if not (path := database.with_name(f"mlflow.db.broken-{n}")).exists())
        database.rename(aside)
        print(f"{database}: is incomplete or damaged; moved to {aside.name}, and made again", file=sys.stderr)
    if not database.is_file():
        partial = database.with_name("mlflow.db.partial")
        partial.unlink(missing_ok=True)
        MlflowClient(f"sqlite:///{partial.resolve()}").search_experiments(max_results=1)
        partial.rename(database)


def _is_whole(database: Path) -> bool:
    """Whether it can be read, and MLflow has noted a version of the tables, as it does when they are there."""
    try:
        with closing(sqlite3.connect(database)) as connection:
            return connection.execute("SELECT version_num FROM alembic_version").fetchone() is not None
    except sqlite3.OperationalError as error:
        return "no such table" not in str(error)  # locked or not readable: MLflow says so itself
    except sqlite3.DatabaseError:  # no database, or a part of one
        return False


def relocate(database: Path, artifacts: str) -> None:
    """Where a project was moved, copied or renamed, correct the addresses of artifacts in its store: MLflow keeps them
    absolute, and would not find old artifacts and write new ones to the old place.

    Args:
        database: the project's own sqlite file.
        artifacts: where they are now.
    """
    with closing(sqlite3.connect(database)) as connection, connection:
        found = connection.execute("SELECT artifact_location FROM experiments").fetchall()
        for old in {place for (place,) in found if re.fullmatch("file:.*/mlartifacts", place)} - {artifacts}:
            for table, column in ADDRESSES:
                connection.execute(
                    f"UPDATE {table} SET {column} = ? || substr({column}, ?)"  # nosec B608
                    f" WHERE {column} = ? OR substr({column}, 1, ?) = ?",
                    (artifacts, len(old) + 1, old, len(old) + 1, f"{old}/"),
                )


def made_by_another(error: str, address: str) -> str:
    """Whether the database is of an older or a newer MLflow, and what to do; empty if it is of neither.

    MLflow itself calls both out of date, and a newer one can't be converted.

    Args:
        error: what MLflow says when it opens the database.
        address: of the database.
    """
    found, here = re.search(r"found version (\w+)|revision identified by '(\w+)'", error), version("mlflow")
    if not found:
        return ""
    migrations = files("mlflow") / "store/db_migrations/versions"
    if any(path.name.startswith(f"{found[1] or found[2]}_") for path in migrations.iterdir()):
        return f"was made by an older MLflow than {here}: `mlflow db upgrade {quote(address)}` converts it"
    return (
        f"was made by a newer MLflow than {here}: `pip install --upgrade mlflow`, or move the file away and "
        "`python -m stages.track` makes a new one"
    )
