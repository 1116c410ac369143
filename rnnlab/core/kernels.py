"""Which of a processor's instructions the numerical libraries may use: by default those that all x86-64 processors of
the last ten years share, so that a training gives the same bytes on any of them.

PyTorch, MKL and OpenBLAS otherwise choose kernels by the processor, and their sums differ in the last bits. The
variables are read when a library computes for the first time, so this comes before any of them is imported.
"""

import os
import platform
import sys
from collections.abc import MutableMapping

SWITCH = "RNNLAB_KERNELS"  # "shared" (the default), or "native": the fastest that the processor has
SHARED = {
    "ATEN_CPU_CAPABILITY": "avx2",  # PyTorch's own kernels
    "MKL_CBWR": "COMPATIBLE",  # MKL's conditional numerical reproducibility
    "OPENBLAS_CORETYPE": "Haswell",  # NumPy's and SciPy's linear algebra
}


def share_kernels(environment: MutableMapping[str, str] = os.environ, machine: str = platform.machine()) -> None:
    """Set the variables, but for those that are set already; on other than x86-64 machines they mean nothing.

    Raises:
        SystemExit: with a message, if the switch has another value: no stage runs yet that would tell of an error.
    """
    chosen = environment.get(SWITCH, "shared")
    if chosen not in ("shared", "native"):
        sys.exit(f"error: {SWITCH}: shared or native is expected (found {chosen})")
    if chosen == "shared" and machine.lower() in ("x86_64", "amd64"):
        for name, value in SHARED.items():
            environment.setdefault(name, value)
