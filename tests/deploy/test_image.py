"""The image's steps, and its web server on a read-only root file system."""

import json
import os
import re
import shutil
import subprocess
import sys

import pytest

from tests.deploy.from_image import PRODUCTION
from tests.deploy.image import BUILD, app_only, read_only
from tests.ports import free_port
from tests.stack.api import request
from tests.stack.program import PROJECT, Program

PARTS = (
    *("config", "shop", "payments", "shipping", "orders", "messaging", "locale"),
    *("manage.py", "pyproject.toml"),
)
SECRETS = ("secret_key", "run.json", "valkey.url")


@pytest.fixture(scope="module")
def image(tmp_path_factory):
    source = tmp_path_factory.mktemp("source")
    for part in (*PARTS, "docs"):
        (source / part).symlink_to(PROJECT / part)
    shutil.copytree(PROJECT / "extensions", source / "extensions")
    (source / "extensions" / "loyalty").mkdir()
    (source / "extensions" / "loyalty" / "__init__.py").write_text('"""Points."""\n')
    target = tmp_path_factory.mktemp("image")
    (target / "app").mkdir()
    (target / "app" / "of_the_release_before.py").touch()
    return app_only(target, source=source)


def test_the_image_has_the_shop_with_own_apps_and_no_secret(image):
    app = image / "app"
    assert not (app / "docs").exists()
    assert not (app / "of_the_release_before.py").exists()
    assert (app / "extensions" / "loyalty" / "__init__.py").is_file()
    assert not (app / "shop").is_symlink()
    assert (app / "locale" / "de" / "LC_MESSAGES" / "django.mo").is_file()
    assert list((app / "config" / "__pycache__").glob("processes.*.pyc"))
    assert [name for name in SECRETS if (app / "var" / name).exists()] == []


def test_the_web_server_serves_from_a_read_only_root_file_system(image, tmp_path):
    app, port = image / "app", free_port()
    url = f"http://127.0.0.1:{port}"
    left_out = ("CONVEYOR_", "DATABASE_URL", "BROKER_URL", "DJANGO_SETTINGS_MODULE", "EMAIL_")
    env = {name: value for name, value in os.environ.items() if not name.startswith(left_out)}
    env |= PRODUCTION | {"PORT": str(port), "CONVEYOR_VAR": str(app / "var"), "DATABASE_URL": "sqlite:////none"}
    env["BROKER_URL"] = "amqp://guest:guest@127.0.0.1:1//"

    def serves(_: Program) -> bool:
        try:
            return request("GET", f"{url}/healthz")[0] == 200
        except OSError:
            return False

    command = read_only([sys.executable, "-m", "config.processes", "--run", "web", "--workers", "1"])
    web = Program("web", command, env=env, log=tmp_path / "web.log", ready=serves, cwd=app)
    try:
        web.start()
        static = json.loads((app / "var" / "static" / "staticfiles.json").read_text())["paths"]["shop/shop.css"]
        assert request("GET", f"{url}/static/{static}")[0] == 200
        assert request("GET", f"{url}/readyz")[0] == 503, "the database cannot be written"
        assert web.stop() == 0
    finally:
        web.kill()


def test_docker_sees_what_the_steps_take_and_nothing_else():
    (parts,) = re.findall(r"^    for part in (.+); do$", BUILD.read_text(), re.MULTILINE)
    seen = {line[1:] for line in (PROJECT / ".dockerignore").read_text().splitlines() if line.startswith("!")}
    copied = re.findall(r"^COPY (?!--from)(.+) \S+$", (BUILD.parent / "Dockerfile").read_text(), re.MULTILINE)
    files = {name for line in copied for name in line.split()} - {"."}
    assert {"requirements.txt", str(BUILD.relative_to(PROJECT))} <= files
    assert seen == {*parts.split(), *files}
    assert all((PROJECT / name).exists() for name in seen)
    assert {*parts.split()} == {*PARTS, "extensions"}


@pytest.mark.parametrize("arguments", [["app"], ["apps", "source", "target"]])
def test_an_unknown_step_is_refused_by_a_sentence(arguments):
    done = subprocess.run([BUILD, *arguments], capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert "packages and app" in done.stderr or "usage:" in done.stderr
