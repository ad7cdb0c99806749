"""Images and hosts get the packages of telemetry on request."""

import subprocess

import pytest

from tests.stack.program import PROJECT


@pytest.mark.parametrize(("variables", "files"), [({}, 1), ({"TELEMETRY": ""}, 1), ({"TELEMETRY": "1"}, 2)])
def test_the_build_installs_the_packages_of_telemetry_on_request(tmp_path, variables, files):
    python = tmp_path / "python"
    python.write_text(f'#!/bin/sh\necho "$@" >> {tmp_path}/calls\n')
    python.chmod(0o700)
    command = [str(PROJECT / "deploy/docker/build.sh"), "packages", str(PROJECT), str(tmp_path)]
    subprocess.run(command, env={"PATH": "/usr/bin:/bin", "PYTHON": str(python), **variables}, check=True)
    install = (tmp_path / "calls").read_text().splitlines()[1]
    wanted = [f"-r {PROJECT}/requirements.txt", f"-r {PROJECT}/requirements-telemetry.txt"][:files]
    assert install.endswith(" ".join(["--quiet", *wanted]))
