"""check: params.yaml -> data/checked.txt; refuses a mistake in it before DVC removes any stage's outputs."""

from pathlib import Path

from rnnlab.core.files import write_text
from rnnlab.core.params_file import FILE, read_params
from rnnlab.core.stage import run


def main() -> None:
    read_params()
    # Always the same bytes: what depends on this file waits for the check, and is not made anew for it.
    write_text(Path("data/checked.txt"), f"{FILE} is valid.\n")


if __name__ == "__main__":
    run(main)
