"""An environment of its own, with the peers' packages; this program runs again in it."""

import hashlib
import os
import subprocess
import sys
import venv
from pathlib import Path

PROJECT = Path(__file__).resolve().parents[2]
FOLDER = PROJECT / "var" / "bench-pipeline" / "venv"
REQUIREMENTS = (PROJECT / "bench/pipeline/requirements.txt", PROJECT / "requirements.txt")


def enter() -> None:
    """Return if this process runs in the environment; else install what is missing and become one that does."""
    if Path(sys.prefix) == FOLDER:
        return
    python = FOLDER / "bin" / "python"
    stamp = FOLDER / "installed"
    wanted = hashlib.sha256(b"".join(path.read_bytes() for path in REQUIREMENTS)).hexdigest()
    if not stamp.exists() or stamp.read_text() != wanted:
        print(f"Installing packages into {FOLDER.relative_to(PROJECT)} ...", flush=True)
        venv.create(FOLDER, with_pip=True, clear=True)
        install = ["-m", "pip", "install", "-qq", "--disable-pip-version-check", "-r", str(REQUIREMENTS[0])]
        subprocess.run([str(python), *install], check=True)
        stamp.write_text(wanted)
    os.chdir(PROJECT)
    os.execv(python, [str(python), "-m", "bench.pipeline", *sys.argv[1:]])
