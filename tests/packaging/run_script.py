"""Runs a script of an empty Django project in a process of its own."""

import os
import subprocess
import sys
from pathlib import Path

from tests.patience import PATIENCE

ROOT = Path(__file__).parents[2]


def run_script(project: str, *, database: Path) -> str:
    """Output of `tests.packaging.<project>.script`. Only the variables named here reach it."""
    variables = {
        "PATH": os.environ["PATH"],
        "DATABASE": str(database),
        "DJANGO_SETTINGS_MODULE": f"tests.packaging.{project}.settings",
    }
    command = [sys.executable, "-m", f"tests.packaging.{project}.script"]
    run = subprocess.run(
        command, cwd=ROOT, env=variables, capture_output=True, text=True, timeout=PATIENCE, check=False
    )
    assert run.returncode == 0, run.stdout + run.stderr
    return run.stdout
