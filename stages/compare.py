"""compare: metrics/test -> metrics/leaderboard.json and metrics/leaderboard.md."""

from pathlib import Path

from rnnlab.leaderboard import headline, rank, to_markdown
from stages.entry import run
from stages.files import read_json, write_json, write_text
from stages.params import read_params

METRICS = Path("metrics")


def main() -> None:
    # Only the models that params.yaml has now: files of removed ones may still lie there.
    names = read_params().models
    board = rank({name: read_json(METRICS / "test" / f"{name}.json") for name in names})
    write_json(METRICS / "leaderboard.json", headline(board))
    write_text(METRICS / "leaderboard.md", to_markdown(board))


if __name__ == "__main__":
    run(main)
