"""Known vulnerabilities of the installed packages, for `make lint`: `python -m tests.quality.advisories`.

Exits with 1 and a list if there are any. Where no database of advisories can be reached, says so and exits with 0.
"""

import json
import subprocess
import sys
import tempfile
from collections.abc import Callable
from importlib.metadata import version
from pathlib import Path
from typing import Any

#: Whether there is a database is asked with one package: pip-audit leaves out, without an error, all that it lacks.
KNOWN = "Django"
SECONDS = 10
UNREACHABLE = "skipped: no database of advisories can be reached, so packages are not checked for vulnerabilities"

Packages = list[dict[str, Any]]


def ask(*options: str) -> Packages | None:
    """What pip-audit says about each package; None if it gave no answer."""
    command = [sys.executable, "-m", "pip_audit", "--format=json", "--progress-spinner=off", f"--timeout={SECONDS}"]
    done = subprocess.run([*command, *options], capture_output=True, text=True, check=False)
    try:
        return list(json.loads(done.stdout)["dependencies"])
    except (ValueError, KeyError, TypeError):
        return None


def ask_about_one() -> Packages | None:
    with tempfile.TemporaryDirectory() as folder:
        pinned = Path(folder) / "requirements.txt"
        pinned.write_text(f"{KNOWN}=={version(KNOWN)}\n")
        return ask("--no-deps", "--disable-pip", f"--requirement={pinned}")


def findings(packages: Packages) -> list[str]:
    """A line for each vulnerability, with the versions that fix it."""
    return [
        f"{package['name']} {package['version']}: {each['id']}, fixed in {', '.join(each['fix_versions']) or 'none'}"
        for package in packages
        for each in package.get("vulns", [])
    ]


def check(*, one: Callable[[], Packages | None] = ask_about_one, every: Callable[[], Packages | None] = ask) -> int:
    """The exit code."""
    known = one()
    is_reached = known and not any("skip_reason" in package for package in known)
    packages = every() if is_reached else None
    found = findings(packages or [])
    if packages is None:
        text = UNREACHABLE
    else:
        text = "\n".join(found) or f"no known vulnerability in {len(packages)} packages"
    sys.stdout.write(f"{text}\n")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(check())
