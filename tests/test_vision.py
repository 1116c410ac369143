import subprocess
import sys

import pytest

from rnnlab.data import vision

SCRIPT = """
from rnnlab.data.vision import import_torchvision
torchvision = import_torchvision()
from torchvision.datasets import MNIST
print(len(MNIST.resources))
"""


def test_torchvision_imports_beside_this_torch(root):
    # In a process of its own: what an import has done can't be undone.
    done = subprocess.run([sys.executable, "-c", SCRIPT], cwd=root, capture_output=True, text=True, check=True)
    assert done.stdout == "4\n"


def test_another_failure_is_not_hidden(monkeypatch):
    def fail(name):
        raise RuntimeError("something else")

    monkeypatch.setattr(vision.importlib, "import_module", fail)
    with pytest.raises(RuntimeError, match="something else"):
        vision.import_torchvision()
