"""The distribution conveyor-messaging: builds from the tree, and contains the package `messaging` and nothing else."""

import email
import email.message
from pathlib import Path

import pytest

from tests.stack.program import PROJECT

ASSETS = ("templates", "static", "locale")


@pytest.fixture(scope="module")
def metadata(wheel) -> email.message.Message:
    (name,) = (name for name in wheel.namelist() if name.endswith(".dist-info/METADATA"))
    return email.message_from_bytes(wheel.read(name))


def shipped_files() -> set[str]:
    """Every module, template, static file and message catalogue of `messaging`, relative to the project."""
    files = (path for path in (PROJECT / "messaging").rglob("*") if path.is_file() and "__pycache__" not in path.parts)
    return {str(path.relative_to(PROJECT)) for path in files if path.suffix == ".py" or _is_asset(path)}


def _is_asset(path: Path) -> bool:
    return any(folder in path.relative_to(PROJECT).parts for folder in ASSETS)


def test_the_wheel_contains_only_messaging(wheel):
    tops = {name.partition("/")[0] for name in wheel.namelist()}
    assert tops == {"messaging", next(top for top in tops if top.endswith(".dist-info"))}


def test_the_wheel_contains_every_module_template_and_static_file(wheel):
    assert shipped_files() - set(wheel.namelist()) == set()


def test_the_metadata_names_the_licence_and_carries_the_readme(wheel, metadata):
    assert (metadata["Name"], metadata["License-Expression"]) == ("conveyor-messaging", "MIT")
    assert "## The first safe task" in str(metadata.get_payload())
    assert any(name.endswith("/LICENSE") for name in wheel.namelist())


def test_the_desk_and_the_brokers_are_extras(metadata):
    assert set(metadata.get_all("Provides-Extra")) == {"rabbitmq", "redis", "postgres", "desk", "metrics", "traces"}
    required = {line.split(">")[0] for line in metadata.get_all("Requires-Dist") if "extra ==" not in line}
    assert {name.partition("<")[0] for name in required} == {"django", "celery", "kombu", "pydantic"}
