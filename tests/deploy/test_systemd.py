"""systemd units: every declared process, its time to stop, and what systemd says of them."""

import re
import shutil
import subprocess

import pytest

from tests.deploy.files import DEPLOY, assert_settings_are_complete, declared, example, read, tool

UNITS = DEPLOY / "systemd"
HOME = "/opt/conveyor"
SERVICES = ("conveyor@.service", "conveyor-migrate.service", "conveyor-backup.service")


def values(unit: str, key: str) -> list[str]:
    lines = read(f"systemd/{unit}").splitlines()
    return [word for line in lines if line.startswith(f"{key}=") for word in line.partition("=")[2].split()]


def test_the_target_starts_every_declared_process_and_no_other(monkeypatch):
    wanted = re.findall(r"conveyor@(\S+)\.service", " ".join(values("conveyor.target", "Wants")))
    assert sorted(wanted) == sorted(declared(monkeypatch))
    assert "config.processes --run %i" in read("systemd/conveyor@.service")


def test_shares_of_the_processor_are_those_of_declared_processes(monkeypatch):
    for folder in UNITS.glob("*.d"):
        assert folder.name.removeprefix("conveyor@").removesuffix(".service.d") in declared(monkeypatch)


def test_a_process_gets_the_time_that_it_needs_to_stop(monkeypatch):
    (seconds,) = values("conveyor@.service", "TimeoutStopSec")
    assert int(seconds) > max(process.stop_seconds for process in declared(monkeypatch).values())


@pytest.mark.parametrize("unit", SERVICES)
def test_a_service_has_no_rights(unit):
    assert values(unit, "User") == ["conveyor"]
    assert values(unit, "ProtectSystem") == ["strict"]
    assert values(unit, "NoNewPrivileges") == ["yes"]
    assert "CapabilityBoundingSet=\n" in read(f"systemd/{unit}")


def test_systemd_accepts_the_units(tmp_path, monkeypatch):
    """Programs that the units start are made up, for systemd asks whether they are there."""
    analyze = tool("systemd-analyze")
    made_up, units = tmp_path / "opt", tmp_path / "units"
    shutil.copytree(UNITS, units)
    for path in units.glob("*.service"):
        path.write_text(path.read_text().replace(HOME, str(made_up)))
        for program in re.findall(rf"^ExecStart=({re.escape(str(made_up))}\S+)", path.read_text(), re.MULTILINE):
            (tmp_path / program).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy("/bin/true", program)
    names = [f"conveyor@{name}.service" for name in declared(monkeypatch)]
    names += ["conveyor.target", *SERVICES[1:], "conveyor-backup.timer"]
    done = subprocess.run(
        [analyze, "verify", "--man=no", *(str(units / name) for name in names)], capture_output=True, text=True,
        check=False,
    )  # fmt: skip
    assert (done.returncode, done.stderr) == (0, "")


def test_programs_that_the_units_start_are_where_the_guide_puts_them():
    (backup,) = values("conveyor-backup.service", "ExecStart")
    assert (DEPLOY.parent / backup.removeprefix(f"{HOME}/")).stat().st_mode & 0o111


def test_the_shop_starts_with_the_settings_of_the_example(tmp_path):
    assert_settings_are_complete(example(), var=tmp_path)
