"""Look pinned packages up among known weaknesses, with pip-audit: audit.py FILE [options of pip-audit].

Where the service can't be reached, or knows none of the packages, nothing is audited: that is said, and no failure.
"""

import json
import re
import subprocess
import sys
import textwrap

# An advisory's id, and why it does not concern this project: the only place for exceptions.
ACCEPTED: dict[str, str] = {}
NO_NETWORK = re.compile(r"connect|timed out|max retries|unreachable|ServiceError", re.IGNORECASE)


def main(file: str, *options: str) -> None:
    args = ["--requirement", file, "--no-deps", "--disable-pip", "--progress-spinner", "off", "--format", "json"]
    args += [arg for advisory in ACCEPTED for arg in ("--ignore-vuln", advisory)]
    done = subprocess.run([sys.executable, "-m", "pip_audit", *args, *options], capture_output=True, text=True)
    try:
        packages = json.loads(done.stdout)["dependencies"]
    except ValueError:
        if not NO_NETWORK.search(done.stderr):
            sys.exit(f"pip-audit failed: {done.stderr}")
        skip(done.stderr.strip().splitlines()[-1])
        return
    audited = [package for package in packages if "vulns" in package]
    if not audited:
        skip(packages[0]["skip_reason"])
        return
    found = [(package, weakness) for package in audited for weakness in package["vulns"]]
    for package, weakness in found:
        cure = ", ".join(weakness["fix_versions"]) or "no version yet"
        print(f"{package['name']}=={package['version']}: {weakness['id']}, mended in {cure}: {weakness['description']}")
    print(f"pip-audit: {len(audited)} of {len(packages)} packages audited, {len(found)} known weaknesses")
    sys.exit(bool(found))


def skip(reason: str) -> None:
    print(f"pip-audit: skipped, nothing was audited: {textwrap.shorten(reason, 200, placeholder=' ...')}")


if __name__ == "__main__":
    main(*sys.argv[1:])
