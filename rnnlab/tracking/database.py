"""The database of MLflow's store: of a project that was moved, or of another version of MLflow."""

import re
import sqlite3
from contextlib import closing
from importlib.metadata import version
from importlib.resources import files
from pathlib import Path
from shlex import quote

ADDRESSES = (  # of artifacts, in MLflow's tables
    ("experiments", "artifact_location"),
    ("runs", "artifact_uri"),
    ("logged_models", "artifact_location"),
    ("model_versions", "source"),
    ("model_versions", "storage_location"),
)


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
