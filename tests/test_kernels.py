"""Which kernels the numerical libraries use: the shared ones, unless a person says otherwise."""

import subprocess
import sys

import pytest

from rnnlab.core.kernels import SHARED, share_kernels


def test_a_stage_uses_the_shared_kernels_before_anything_is_computed(root):
    script = "import stages, sys, os; print('torch' in sys.modules, 'numpy' in sys.modules, os.environ['MKL_CBWR'])"
    done = subprocess.run([sys.executable, "-c", script], cwd=root, capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["False", "False", "COMPATIBLE"]


def test_a_variable_that_is_set_stays():
    environment = {"ATEN_CPU_CAPABILITY": "default"}
    share_kernels(environment, "x86_64")
    assert environment == {**SHARED, "ATEN_CPU_CAPABILITY": "default"}


def test_native_kernels_on_demand():
    environment = {"RNNLAB_KERNELS": "native"}
    share_kernels(environment, "x86_64")
    assert environment == {"RNNLAB_KERNELS": "native"}


def test_a_wrong_word_is_an_error():
    with pytest.raises(SystemExit, match=r"RNNLAB_KERNELS: shared or native is expected \(found nativ\)"):
        share_kernels({"RNNLAB_KERNELS": "nativ"}, "x86_64")


def test_other_processors_have_kernels_of_their_own():
    environment = dict[str, str]()
    share_kernels(environment, "arm64")
    assert environment == {}
