"""The commands of docs/how-to/deploy.md find the folder of uploaded pictures where the processes have it."""

import re

from tests.deploy.files import DEPLOY, read

GUIDE = (DEPLOY.parent / "docs" / "how-to" / "deploy.md").read_text()


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
