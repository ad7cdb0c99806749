"""The deployment files as data, their schemas, and the programs that check them."""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml
from jsonschema import Draft7Validator

from config import processes
from tests.patience import PATIENCE
from tests.stack.program import PROJECT

DEPLOY = PROJECT / "deploy"
SCHEMAS = Path(__file__).parent / "schemas"
#: What the web server's start checks, and what Django checks of a deployment.
_CHECK = """
import config.wsgi
from config.serve import check
check(deploy=True, fail_level="WARNING")
"""

#: The deployment files start their workers, too.
SHIPPED_EXTENSIONS = ("webhooks",)


def read(path: str) -> str:
    return (DEPLOY / path).read_text()


def documents(path: str) -> list[dict[str, Any]]:
    """The documents of a YAML file."""
    return list(yaml.safe_load_all(read(path)))


def schema(name: str) -> dict[str, Any]:
    return dict(json.loads((SCHEMAS / name).read_text()))


def violations(document: Any, *, schema: Mapping[str, Any]) -> list[str]:
    errors = Draft7Validator(schema).iter_errors(document)
    return [f"{'/'.join(map(str, error.absolute_path))}: {error.message[:200]}" for error in errors]


def declared(monkeypatch: pytest.MonkeyPatch) -> dict[str, processes.Process]:
    """The processes of a shop that has a broker of its own and the extensions that it is shipped with, by name."""
    monkeypatch.setenv("CONVEYOR_EXTENSIONS", ",".join(SHIPPED_EXTENSIONS))
    monkeypatch.setenv("BROKER_URL", "amqp://guest:guest@127.0.0.1:5672//")
    return {process.name: process for process in processes.processes()}


def tool(name: str) -> str:
    """The path of a program that no test may depend on. Skips without it."""
    found = shutil.which(name, path=f"/usr/sbin:/sbin:{os.environ.get('PATH', '')}")
    if found is None:
        pytest.skip(f"{name} is not installed: the file was not checked by it")
    return found


def example() -> dict[str, str]:
    """The variables of `env.example`, filled in as its comments say."""
    lines = [line.lstrip("#") for line in read("env.example").splitlines() if line and not line.startswith("# ")]
    found = dict(line.split("=", 1) for line in lines)
    tokens = {name: f"{name.lower()}-0123456789-abcdefghijklmnopqrstuvwxyzABCDEFGHIJ" for name in found}
    return {name: value or tokens[name] for name, value in found.items()} | {
        "STRIPE_SECRET_KEY": "sk_test_example",
        "STRIPE_PUBLISHABLE_KEY": "pk_test_example",
        "CONVEYOR_ALERT_EMAILS": "",
    }


def assert_settings_are_complete(variables: Mapping[str, str], *, var: Path) -> None:
    """The shop starts with these variables, and Django's checks have nothing to say."""
    kept = {name: value for name, value in os.environ.items() if name in {"PATH", "HOME", "LANG"}}
    env = kept | dict(variables) | {"CONVEYOR_VAR": str(var), "DJANGO_SETTINGS_MODULE": "config.settings"}
    done = subprocess.run(
        [sys.executable, "-c", _CHECK], cwd=PROJECT, env=env, capture_output=True, text=True, timeout=PATIENCE,
        check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
