"""How does a script run on a scratch database of either backend, and bring home what it measured?"""

import json
import subprocess
import sys
from pathlib import Path

PROJECT = Path(__file__).resolve().parent.parent


def run_inside(backend: str, script: str, *arguments: object) -> dict:
    """The JSON of the last line that `script` prints, run with a demo shop; `skipped` or `failed` say why not."""
    import pytest

    from tests.stack import Stack
    from tests.stack.database import NoBlocker

    try:
        stack = Stack(backend, blocker=NoBlocker(), relays=0, workers={}, beat=False, web=False)
    except pytest.skip.Exception as missing:
        return {"skipped": str(missing)}
    try:
        stack.start()
        environment = stack.env | {"DJANGO_SETTINGS_MODULE": "config.settings", "LOG_LEVEL": "ERROR"}
        command = [sys.executable, "-c", script, *map(str, arguments)]
        done = subprocess.run(command, cwd=PROJECT, env=environment, capture_output=True, text=True, check=False)
        return {"failed": done.stderr[-800:]} if done.returncode else json.loads(done.stdout.splitlines()[-1])
    finally:
        stack.remove()
