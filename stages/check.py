"""check: params.yaml -> data/checked.txt; refuses a mistake in it before DVC removes any stage's outputs."""

from pathlib import Path

from stages.entry import run
from stages.files import write_text
from stages.params import FILE, read_params


def main() -> None:
    read_params()
    # Always the same bytes: what depends on this file waits for the check, and is not made anew for it.
    write_text(Path("data/checked.txt"), f"{FILE} is valid.\n")


if __name__ == "__main__":
    run(main)
