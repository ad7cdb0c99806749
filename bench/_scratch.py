"""Runs a measuring script on a scratch database of either backend."""

import json
import subprocess
import sys
from pathlib import Path

PROJECT = Path(__file__).resolve().parent.parent


def run_on_scratch(backend: str, script: str, *arguments: object) -> dict:
    """Run `script` beside a demo shop and return the JSON of its last line, or the reason as `skipped` or `failed`."""
    import pytest

    from tests.stack import Stack
    from tests.stack.database import NoBlocker

    try:
        stack = Stack(backend, blocker=NoBlocker(), relays=0, workers={}, beat=False, web=False)
    except pytest.skip.Exception as reason:
        return {"skipped": str(reason)}
    try:
        stack.start()
        environment = stack.env | {"DJANGO_SETTINGS_MODULE": "config.settings", "LOG_LEVEL": "ERROR"}
        command = [sys.executable, "-c", script, *map(str, arguments)]
        done = subprocess.run(command, cwd=PROJECT, env=environment, capture_output=True, text=True, check=False)
        return {"failed": done.stderr[-800:]} if done.returncode else json.loads(done.stdout.splitlines()[-1])
    finally:
        stack.remove()
