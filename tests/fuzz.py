"""A coverage-guided search for bytes that break a reader's promises: fuzz.py READER SECONDS (needs the extra `fuzz`).

It ends with exit code 0 when the time is over, and with the bytes and a traceback when it found some.
"""

import sys
import tempfile
import warnings
from pathlib import Path

import atheris

with atheris.instrument_imports(include=["rnnlab", "stages", "ruamel"]):
    from readers import READERS

LONGEST = 2**14  # bytes of a file


def main(reader: str, seconds: str) -> None:
    promise, seeds, words = READERS[reader]
    warnings.simplefilter("error")
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for number, seed in enumerate(seeds):
            (folder / f"seed_{number}").write_bytes(seed)
        dictionary = folder / ".words"  # libFuzzer passes hidden files over
        escaped = ("".join(f"\\x{byte:02x}" for byte in word) for word in words)
        dictionary.write_text("".join(f'"{word}"\n' for word in escaped))
        limits = [f"-max_total_time={seconds}", "-timeout=10", "-rss_limit_mb=2048", f"-max_len={LONGEST}"]
        atheris.Setup([sys.argv[0], *limits, f"-dict={dictionary}", f"-artifact_prefix={reader}-", name], promise)
        atheris.Fuzz()


if __name__ == "__main__":
    main(*sys.argv[1:])
