"""Commands of the guides that need a container or a host of their own, beside the deployment files."""

import re

from tests.deploy.files import DEPLOY, declared, documents, read

GUIDES = DEPLOY.parent / "docs" / "how-to"
GUIDE = (GUIDES / "deploy.md").read_text()


def commands(program: str) -> list[str]:
    return re.findall(rf"{program} .*", GUIDE)


def test_every_container_of_docker_has_the_volume_of_pictures():
    """Its root file system is read-only, so that nothing else there can be written."""
    (folder,) = re.findall(r"MEDIA_ROOT=(\S+)", read("docker/Dockerfile"))
    containers = commands("docker run")
    assert len(containers) >= 4
    assert [one for one in containers if f"--volume conveyor-media:{folder} " not in one] == []


def test_a_command_beside_systemd_has_the_folder_of_pictures_that_the_units_have():
    (folder,) = re.findall(r"^Environment=(MEDIA_ROOT=\S+)$", read("systemd/conveyor@.service"), re.MULTILINE)
    (command,) = commands("sudo systemd-run")
    assert f"--setenv {folder} " in command


def test_a_restore_with_compose_stops_every_process_and_uses_services_that_are_there(monkeypatch):
    page = (GUIDES / "back-up-and-restore.md").read_text()
    (stopped,) = re.findall(r"^docker compose \S+ \S+ stop (.*)", page, re.MULTILINE)
    assert sorted(stopped.split()) == sorted(declared(monkeypatch))
    services = documents("compose.yaml")[0]["services"]
    used = re.findall(r"^docker compose \S+ \S+ exec (?:-T )?(\S+)", page, re.MULTILINE)
    assert len(used) == 4
    assert set(used) <= services.keys()
    assert f"--username {services['postgres']['environment']['POSTGRES_USER']} " in page
