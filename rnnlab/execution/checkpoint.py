"""A training's state on disk, from time to time, so that a stage that was killed goes on from there."""

import hashlib
import json
import sys
import time
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import load_file, save

from rnnlab.core.files import write_bytes
from rnnlab.training.settings import Choice
from rnnlab.training.trainer import Row, Trainer

SECONDS = 30.0  # at least, between two


class Checkpoint:
    """One file a model. It counts only for the very same code, parameters and data.

    Args:
        path: of the file.
        fingerprint: of all that the training depends on.

    Attributes:
        choice: of the training that the file holds; None where there is nothing to go on from.
    """

    def __init__(self, path: Path, fingerprint: str) -> None:
        self._path, self._fingerprint = path, fingerprint
        self._saved = time.monotonic()
        self._header, self._tensors = self._read()
        self.choice = Choice(**self._header["choice"]) if self._header else None

    def restore(self, trainer: Trainer) -> list[Row]:
        """Put the trainer where the file left off; return the figures of its finished epochs."""
        if self.choice is None:
            return []
        trainer.restore(self._tensors)
        names = self._header["columns"]
        rows = (dict(zip(names, row, strict=True)) for row in self._tensors["rows"].tolist())
        return [row | {"epoch": int(row["epoch"]), "seed": int(row["seed"])} for row in rows]

    def save_if_due(self, trainer: Trainer, rows: Sequence[Row], choice: Choice) -> None:
        if time.monotonic() - self._saved < SECONDS:
            return
        columns = list(rows[0]) if rows else []
        figures = torch.tensor([list(row.values()) for row in rows], dtype=torch.float64)
        header = {"fingerprint": self._fingerprint, "choice": asdict(choice), "columns": columns}
        write_bytes(self._path, save(trainer.progress() | {"rows": figures}, {"checkpoint": json.dumps(header)}))
        self._saved = time.monotonic()

    def remove(self) -> None:
        self._path.unlink(missing_ok=True)

    def _read(self) -> tuple[dict[str, Any], dict[str, torch.Tensor]]:
        try:
            with safe_open(self._path, framework="pt") as file:
                header = json.loads(file.metadata()["checkpoint"])
            if header["fingerprint"] == self._fingerprint:
                tensors = load_file(self._path)
                epoch, step = int(tensors["epoch"]), int(tensors["step"])
                print(f"{self._path.stem}: continues after epoch {epoch - 1}, step {step}", flush=True)
                return header, tensors
            print(f"{self._path}: is of other parameters, data, code or ranks, training starts afresh", flush=True)
        except FileNotFoundError:
            pass
        except (OSError, SafetensorError, KeyError, TypeError, ValueError) as error:
            print(f"{self._path}: is no checkpoint, training starts afresh ({error})", flush=True)
        return {}, {}


def fingerprint_of(about: dict[str, Any], folders: Sequence[Path]) -> str:
    """Of parameters, data, the version of PyTorch and the modules in use, as they are before the training.

    Args:
        about: what the training depends on, apart from code and data.
        folders: of the data.
    """
    digest = hashlib.sha256(json.dumps([about, torch.__version__], sort_keys=True).encode())
    ours = (module for name, module in sys.modules.items() if name.split(".")[0] in ("rnnlab", "stages"))
    code = {Path(module.__file__) for module in ours if module.__file__}
    data = (path for folder in folders for path in sorted(folder.iterdir()))
    for path in [*sorted(code), *data]:
        with path.open("rb") as file:
            digest.update(hashlib.file_digest(file, "sha256").digest())
    return digest.hexdigest()
