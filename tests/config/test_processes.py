"""Does `make run` start every process, start again those that die, and leave none behind?"""

import configparser
import os
import signal
import subprocess
import sys
from pathlib import Path

import psutil
import pytest

from config import processes, supervision, valkey
from tests.stack.api import request
from tests.stack.ports import free_port
from tests.stack.program import PROJECT, Program, wait_for

NAMES = {"web", "relay", "worker-payments", "worker-shipping", "worker-notifications", "beat"}


class Run:
    """What `make run` hands over to, in a folder and on a port of its own."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.port = folder, free_port()
        ours = {"CONVEYOR_VAR": str(folder), "CONVEYOR_DEMO": "1", "PORT": str(self.port), "LOG_LEVEL": "INFO"}
        env = {name: value for name, value in os.environ.items() if name not in {"BROKER_URL", "DATABASE_URL"}} | ours
        self.env = env | {"DJANGO_SETTINGS_MODULE": "config.settings"}
        command = [sys.executable, "-m", "config.processes"]
        self.program = Program("run", command, env=self.env, log=folder / "console.log", ready=lambda _: self.serves())

    def serves(self) -> bool:
        try:
            return request("GET", f"http://127.0.0.1:{self.port}/healthz")[0] == 200
        except OSError:
            return False

    def pids(self) -> dict[str, int]:
        """The running processes that supervisord knows, by name."""
        done = subprocess.run(
            [processes.tool("supervisorctl"), "-c", self.folder / "supervisord.conf", "status"],
            capture_output=True, text=True, timeout=30, check=False,
        )  # fmt: skip
        words = [line.split() for line in done.stdout.splitlines()]
        return {word[0].split(":")[-1]: int(word[3].rstrip(",")) for word in words if word[1] == "RUNNING"}

    def family(self) -> list[psutil.Process]:
        return psutil.Process(self.program.pid).children(recursive=True)


@pytest.fixture
def shop(tmp_path):
    run = Run(tmp_path / "var")
    yield run
    family = run.family() if run.program.running else []
    run.program.kill()
    for process in family:
        if process.is_running():
            process.kill()


@pytest.mark.xdist_group("embedded")
def test_killed_processes_come_back_and_none_is_left_at_the_end(shop):
    shop.program.start()
    wait_for(lambda: set(shop.pids()) >= NAMES | {"broker"}, timeout=60)
    before = shop.pids()
    killed = ("web", "worker-payments", "relay", "broker")
    for name in killed:
        os.kill(before[name], signal.SIGKILL)

    def all_run_again() -> bool:
        now = shop.pids()
        return all(now.get(name, before[name]) != before[name] for name in killed)

    wait_for(all_run_again, timeout=60)
    wait_for(shop.serves, timeout=30)
    assert shop.pids()["worker-shipping"] == before["worker-shipping"]
    family = shop.family()
    assert shop.program.stop(timeout=60) == 0
    _, alive = psutil.wait_procs(family, timeout=3)
    assert alive == []
    wait_for(lambda: valkey.port_is_free(shop.port), timeout=15, what="the web server's port is free")
    ends = [line for line in shop.program.text().splitlines() if "INFO stopped:" in line]
    assert "broker" in ends[-1], "the broker goes last, so that workers can give back what they hold"
    assert "Traceback" not in (shop.folder / "log" / "supervisord.log").read_text()


def test_a_port_in_use_is_told_in_one_sentence_that_names_port(shop):
    with valkey.socket.create_server((valkey.HOST, shop.port)):
        shop.program.start(wait=False)
        wait_for(lambda: not shop.program.running)
    assert shop.program.returncode == 1
    text = shop.program.text()
    assert text.startswith(f"Conveyor cannot start. Port {shop.port} is in use")
    assert "PORT" in text
    assert "Traceback" not in text


def test_every_process_can_be_started_by_hand_with_one_line(shop):
    command = [*shop.program.command, "--list"]
    done = subprocess.run(command, env=shop.env, cwd=PROJECT, capture_output=True, text=True, timeout=60, check=True)
    lines = {line.split()[0]: line for line in done.stdout.splitlines()}
    assert set(lines) == NAMES | {"broker"}
    assert "REMAP_SIGTERM=SIGQUIT" in lines["worker-payments"]
    assert "-A config --quiet worker -Q payments" in lines["worker-payments"]
    assert "-Q notifications,maintenance" in lines["worker-notifications"]


def test_no_embedded_broker_runs_beside_a_broker_of_ones_own(monkeypatch):
    monkeypatch.setenv("BROKER_URL", "amqp://guest:guest@127.0.0.1//")
    assert {process.name for process in processes.processes()} == NAMES


def test_supervisord_ends_a_worker_with_one_signal_and_the_broker_after_it(tmp_path, monkeypatch):
    monkeypatch.setenv("CONVEYOR_VAR", str(tmp_path))
    monkeypatch.delenv("BROKER_URL")
    path = supervision.write_configuration(processes.processes(), folder=tmp_path, project=PROJECT)
    written = configparser.RawConfigParser()
    written.read(path)
    worker = written["program:worker-payments"]
    assert (worker["stopsignal"], worker["stopasgroup"], worker["killasgroup"]) == ("TERM", "false", "true")
    assert "payments@%%h" in worker["command"]
    assert int(written["program:broker"]["priority"]) < int(written["group:conveyor"]["priority"])
    assert set(written["group:conveyor"]["programs"].split(",")) == NAMES
    assert path.stat().st_mode & 0o077 == 0


def test_the_control_socket_moves_where_its_path_would_be_too_long(tmp_path):
    deep = tmp_path / ("x" * 120)
    moved = supervision.socket_path(deep)
    assert len(str(moved)) < supervision.SOCKET_PATH_LIMIT
    moved.parent.rmdir()
