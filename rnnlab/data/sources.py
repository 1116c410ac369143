"""Where data come from: what ships with the dependencies, the download cache, a mirror, the public address."""

import os
import shutil
from collections.abc import Callable
from contextlib import suppress
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pooch
from numpy.typing import NDArray

from rnnlab.core.errors import UserError

MIRROR = "RNNLAB_MIRROR"
SAMPLE_ROWS = 431  # as many as the tutorial's; they hold a boom and the fall of 2008
PRICE_COLUMNS = ["Open", "High", "Low", "Close", "Adj Close", "Volume"]
KOSPI_FILE = "kospi/kospi-tutorial-431.csv"
KOSPI_HASH = "sha256:dd4c0879b19a6e6a04465cc6139014ccd4c2e7dabd85b27dfadb901f21e3e8e3"
KOSPI_MISSING_DAY = "2019-11-14"  # in Yahoo's data, not in the tutorial's


def download_cache() -> Path:
    """The user's folder of downloads (pooch's convention; ``RNNLAB_CACHE`` names another)."""
    return Path(os.environ.get("RNNLAB_CACHE") or pooch.os_cache("rnnlab"))


def series_sample() -> pd.DataFrame:
    """GOOG, daily, from matplotlib's sample data: the last 431 days, to 2008-10-14."""
    from matplotlib.cbook import get_sample_data

    archive: Any = get_sample_data("goog.npz")
    rows = pd.DataFrame(archive["price_data"]).iloc[-SAMPLE_ROWS:]
    names = {"adj_close": "Adj Close"} | {n: n.capitalize() for n in ("date", "open", "high", "low", "close", "volume")}
    rows = rows.rename(columns=names)
    return rows[["Date", *PRICE_COLUMNS]]


def laser() -> pd.DataFrame:
    """The first 431 intensities of a chaotic far-infrared laser: series A of the Santa Fe competition (Weigend and
    Gershenfeld 1993), which ships with reservoirpy.
    """
    values = np.load(_shipped("reservoirpy", "datasets/santafe_laser.npy"), allow_pickle=False)
    return pd.DataFrame({"Intensity": values[:SAMPLE_ROWS, 0]})


def elnino() -> pd.DataFrame:
    """The temperature of the sea's surface in the region El Niño 1+2, °C, 1950 to 2010, monthly; of statsmodels."""
    table = pd.read_csv(_shipped("statsmodels", "datasets/elnino/elnino.csv"), index_col="YEAR")
    values = table.to_numpy().ravel()
    months = pd.date_range(f"{int(table.index[0])}-01-01", periods=len(values), freq="MS")
    return pd.DataFrame({"Date": months, "SST": values})


def sunspots() -> pd.DataFrame:
    """The number of sunspots, the mean of each year from 1700 to 2008; of statsmodels."""
    table = pd.read_csv(_shipped("statsmodels", "datasets/sunspots/sunspots.csv"))
    return pd.DataFrame({"Date": table["YEAR"].astype(int).map("{}-01-01".format), "Sunspots": table["SUNACTIVITY"]})


def _shipped(package: str, file: str) -> Path:
    """A file that ships with a package, which is not imported: that takes seconds."""
    found = find_spec(package)
    assert found is not None
    assert found.submodule_search_locations is not None
    return Path(found.submodule_search_locations[0], file)


EMBEDDED: dict[str, Callable[[], pd.DataFrame]] = {
    "sample": series_sample,
    "laser": laser,
    "elnino": elnino,
    "sunspots": sunspots,
}


def as_csv(source: str) -> bytes:
    """A source of the project's own as a CSV file.

    Raises:
        UserError: if it is not to be had.
    """
    return kospi() if source == "kospi" else EMBEDDED[source]().to_csv(index=False).encode()


def digits_sample() -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
    """scikit-learn's 1,797 images of 8x8 pixels in 0 .. 16, and their labels."""
    from sklearn.datasets import load_digits

    digits = load_digits()
    return digits.images.astype(np.uint8), digits.target.astype(np.uint8)


def kospi() -> bytes:
    """The tutorial's 431 days of the KOSPI index, as a CSV file.

    Raises:
        UserError: if neither cache, mirror nor Yahoo has them.
    """
    tried: list[str] = []
    if found := _search(KOSPI_FILE, KOSPI_HASH, [], tried):
        return found.read_bytes()
    try:
        return _yahoo()
    except ImportError:
        tried.append("Yahoo's ^KS11: needs the extra `yahoo` (pip install -e '.[yahoo]')")
    except Exception as error:  # yfinance raises what its transport raises
        tried.append(f"Yahoo's ^KS11: {error}")
    raise _not_found(KOSPI_FILE, tried)


def _yahoo() -> bytes:
    import yfinance

    rows = yfinance.download("^KS11", start="2019-01-30", end="2020-10-31", auto_adjust=False, progress=False)
    rows.columns = rows.columns.get_level_values(0)
    rows = rows.drop(index=pd.Timestamp(KOSPI_MISSING_DAY), errors="ignore")
    if len(rows) != SAMPLE_ROWS:
        raise ValueError(f"{len(rows)} rows came, {SAMPLE_ROWS} were expected")
    return str(rows[PRICE_COLUMNS].to_csv(float_format="%.6f", index_label="Date")).encode()


def mnist() -> dict[str, Path]:
    """MNIST's four files, by name, checked against their published md5."""
    from rnnlab.data.vision import import_torchvision

    import_torchvision()
    from torchvision.datasets import MNIST

    return {
        name: locate(f"mnist/{name}", f"md5:{md5}", [mirror + name for mirror in MNIST.mirrors])
        for name, md5 in MNIST.resources
    }


def locate(name: str, known_hash: str, addresses: list[str]) -> Path:
    """A file with the known hash: from the download cache, else the mirror, else one of ``addresses``.

    Raises:
        UserError: saying what was tried and how to go on.
    """
    tried: list[str] = []
    if found := _search(name, known_hash, addresses, tried):
        return found
    raise _not_found(name, tried)


def _search(name: str, known_hash: str, addresses: list[str], tried: list[str]) -> Path | None:
    """As ``locate``; what was tried in vain is added to ``tried``."""
    cached = download_cache() / name
    if (fault := _fault(cached, known_hash)) is None:
        return cached
    tried.append(f"download cache {cached}: {fault}")
    mirror = os.environ.get(MIRROR, "").rstrip("/")
    found = Path(os.path.expanduser(mirror)) / name
    if not mirror:
        tried.append(f"mirror: {MIRROR} is not set")
    elif "://" in mirror:
        addresses = [f"{mirror}/{name}", *addresses]
    elif fault := _fault(found, known_hash):
        tried.append(f"mirror {found}: {fault}")
    else:
        return _keep(found, cached)
    for address in addresses:
        from rnnlab.data.downloads import download  # its transport takes as long to import as a sample to fetch

        try:
            download(address, known_hash, cached)
        except UserError as error:
            tried.append(f"{address}: {error}")
        else:
            return cached
    return None


def _not_found(name: str, tried: list[str]) -> UserError:
    return UserError(
        f"{name} was not found. Tried:\n  "
        + "\n  ".join(tried)
        + f"\nTo go on: set {MIRROR} to a folder or an address that has {name}, connect to a network, "
        "or use the sample (source: sample)."
    )


def _fault(path: Path, known_hash: str) -> str | None:
    """Why a file can't be taken."""
    algorithm, expected = known_hash.split(":")
    try:
        found = pooch.file_hash(str(path), alg=algorithm)
    except (FileNotFoundError, NotADirectoryError):
        return "not there"
    except OSError as error:
        return f"can't be read: {error.strerror}"
    return None if found == expected else f"another content (hash), expected {known_hash}"


def _keep(found: Path, cached: Path) -> Path:
    """Copy a mirror's file into the cache, whole or not at all; without a writable cache use it where it is."""
    partial = cached.with_name(f"{cached.name}.{os.getpid()}")
    try:
        cached.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(found, partial)
        partial.replace(cached)
    except OSError:
        return found
    finally:
        with suppress(OSError):  # renamed, or never there
            partial.unlink()
    return cached
