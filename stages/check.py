"""check: params.yaml and networks of the user's own -> data/checked.txt, params.json, networks/ and memory.json.

Refuses a mistake before DVC removes any outputs, and removes those of models that params.yaml no longer has.
"""

from pathlib import Path

from rnnlab.core.errors import UserError
from rnnlab.core.files import write_json, write_text
from rnnlab.core.params_file import FILE, read_params
from rnnlab.core.stage import run
from rnnlab.networks.followed import write_followed


def main() -> None:
    params = read_params()
    if not Path(params.series.path).exists():  # DVC would remove the data made before, and name no key
        raise UserError(f"{FILE}: series.path: {params.series.path}: there is no such file or folder")
    write_followed(params)
    # Always the same bytes: what depends on this file waits for the check, and does not run again for it.
    write_text(Path("data/checked.txt"), f"{FILE} is valid.\n")
    # For the stages that show or compare everything: without comments, defaults filled in.
    write_json(Path("data/params.json"), params.model_dump(mode="json"))


if __name__ == "__main__":
    run(main)
