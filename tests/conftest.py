import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import settings

from rnnlab.core.kernels import share_kernels

if TYPE_CHECKING:
    from served import Served
    from workspace import Made

share_kernels()  # as the stages do, before anything computes: what tests compare was made by several processes
os.environ["MLFLOW_DISABLE_TELEMETRY"] = "true"  # before anything imports mlflow
os.environ["DVC_NO_ANALYTICS"] = "true"
os.environ["MLFLOW_HTTP_REQUEST_MAX_RETRIES"] = "0"
os.environ.setdefault("OMP_NUM_THREADS", "1")  # threads that share small tensors cost more than they save
for name in [name for name in os.environ if name.startswith("DVC_") and name != "DVC_NO_ANALYTICS"]:
    del os.environ[name]  # a shell that DVC started: the tests would land in its repository
for name in ("MLFLOW_TRACKING_URI", "MLFLOW_RUN_ID", "RNNLAB_CACHE"):
    os.environ.pop(name, None)

settings.register_profile("untimed", deadline=None)  # a busy machine is no reason to fail
settings.load_profile("untimed")

ROOT = Path(__file__).parent.parent
MIRROR = os.environ.pop("RNNLAB_MIRROR", "")


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--kills", type=int, default=1, help="how many times a pipeline is killed (make faults: 30)")


@pytest.fixture(scope="session")
def root() -> Path:
    return ROOT


@pytest.fixture
def mirror(monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder with the real KOSPI and MNIST files."""
    if not MIRROR or not Path(MIRROR).is_dir():
        pytest.skip("needs the real data: set RNNLAB_MIRROR to a folder with kospi/ and mnist/")
    monkeypatch.setenv("RNNLAB_MIRROR", MIRROR)
    return Path(MIRROR)


@pytest.fixture(scope="session")
def empty_store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A database without runs: a new one costs seconds, a copy nothing."""
    from rnnlab.tracking.store import Store

    root = tmp_path_factory.mktemp("store")
    Store(root, series="series")
    return root / "mlflow.db"


@pytest.fixture(scope="session")
def made(tmp_path_factory: pytest.TempPathFactory) -> "Made":
    """A pipeline that was run once, for all processes of the tests: copy what you change."""
    from workspace import make_all

    base = tmp_path_factory.getbasetemp()  # of one process of xdist, in the folder that all of them share
    return make_all((base.parent if "PYTEST_XDIST_WORKER" in os.environ else base) / "made")


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator["Served"]:
    """`rnnlab serve` with the small model, as a process; a request has to arrive within two seconds."""
    from served import serve
    from small_model import make_package

    folder = tmp_path_factory.mktemp("served")
    (folder / "models").mkdir()
    make_package(folder / "models")
    with serve(folder, ROOT, "--model", "small", "--timeout", "2") as found:
        yield found


@pytest.fixture(autouse=True)
def _own_cache(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("RNNLAB_CACHE", str(tmp_path / "downloads"))


@pytest.fixture
def browser() -> Iterator[Any]:
    from selenium import webdriver

    if not (shutil.which("chromium") and shutil.which("chromedriver")):
        pytest.skip("needs Debian's chromium and chromium-driver")
    options = webdriver.ChromeOptions()
    for word in ("headless", "no-sandbox", "disable-gpu", "disable-quic", "disable-background-networking"):
        options.add_argument(f"--{word}")
    options.binary_location = shutil.which("chromium")
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    driver = webdriver.Chrome(options, webdriver.ChromeService(shutil.which("chromedriver")))
    yield driver
    driver.quit()
