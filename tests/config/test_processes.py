"""`make run`: starts every process, restarts those that die, leaves none behind."""

import configparser
import os
import shlex
import signal
import socket
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import psutil
import pytest
from supervisor.options import ServerOptions

from config import embedded_broker, processes, supervision
from tests.config.running import make_run
from tests.patience import PATIENCE, wait_for
from tests.stack.program import PROJECT

NAMES = {"web", "relay", "worker-payments", "worker-shipping", "worker-notifications", "beat"}


@pytest.fixture
def shop(tmp_path):
    with make_run(tmp_path / "var") as run:
        yield run


def shared_mib(pid):
    """What a process has written or loaded and still shares with others, without its libraries' code."""
    rows = (line.split() for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines())
    return next(int(row[1]) for row in rows if row[0] == "Shared_Dirty:") / 1024


@pytest.mark.slow
def test_killed_processes_are_restarted_and_none_survives_the_shutdown(shop):
    shop.program.start()

    def all_run() -> dict[str, int] | None:
        found = shop.pids()
        return found if set(found) >= NAMES | {"broker"} else None

    before = wait_for(all_run)
    nice = {name: os.getpriority(os.PRIO_PROCESS, pid) for name, pid in before.items()}
    assert nice["web"] == nice["broker"] < nice["relay"] == nice["beat"] < nice["worker-payments"]
    if sys.platform == "linux":  # where they are forks of the supervisor
        assert all(shared_mib(before[name]) > 20 for name in NAMES)
    killed = ("web", "worker-payments", "relay", "broker")
    for name in killed:
        os.kill(before[name], signal.SIGKILL)

    def all_restarted() -> bool:
        now = all_run()
        return now is not None and all(now[name] != before[name] for name in killed)

    wait_for(all_restarted)
    wait_for(shop.serves)
    now = shop.pids()
    assert now["worker-shipping"] == before["worker-shipping"]
    if sys.platform == "linux":
        assert shared_mib(now["relay"]) < 1, "it has loaded the code as it is now"
    descendants = shop.descendants()
    assert shop.program.stop() == 0
    _, alive = psutil.wait_procs(descendants, timeout=PATIENCE)
    assert alive == []
    wait_for(lambda: embedded_broker.port_is_free(shop.port), what="the web server's port is free")
    text = shop.program.text()
    stopped = [line for line in text.splitlines() if "INFO stopped:" in line]
    assert "broker" in stopped[-1], "the broker stops last, so that workers can return unfinished messages"
    assert "Cold shutdown" in text
    assert "Warm shutdown" not in text
    assert "Bad file descriptor" not in text
    assert "Illegal seek" not in text
    assert "Traceback" not in (shop.folder / "log" / "supervisord.log").read_text()


@pytest.mark.slow
def test_commands_in_a_second_terminal_control_this_demo(shop):
    refused = shop.manage("outage", "gateway.simulated", "--seconds", "5")
    assert refused.returncode == 1
    assert "demo mode only" in refused.stderr
    shop.program.start()
    assert not (shop.folder / "run.json").stat().st_mode & 0o077
    wait_for(lambda: set(shop.pids()) >= NAMES | {"broker"}, what="all processes run")
    done = shop.manage("outage", "gateway.simulated", "--seconds", "5")
    assert (done.returncode, done.stderr) == (0, "")

    before = shop.pids()
    children = psutil.Process(before["worker-payments"]).children()
    assert shop.manage("demo", "kill", "worker-payments").returncode == 0
    _, alive = psutil.wait_procs(children, timeout=PATIENCE)
    assert alive == [], "its children died with it"
    wait_for(lambda: shop.pids().get("worker-payments", 0) not in (0, before["worker-payments"]))
    assert shop.pids()["worker-shipping"] == before["worker-shipping"]

    assert shop.manage("demo", "stop", "broker").returncode == 0
    assert "broker" not in shop.pids()
    assert "not running" in shop.manage("demo", "stop", "broker").stderr
    assert shop.manage("demo", "start", "broker").returncode == 0
    assert "broker" in shop.pids()
    unknown = shop.manage("demo", "kill", "worker-paymants")
    assert unknown.returncode == 1
    assert "worker-payments" in unknown.stderr
    assert "RUNNING" in shop.manage("demo", "status").stdout

    assert shop.program.stop() == 0
    ended = shop.manage("demo", "kill", "relay")
    assert ended.returncode == 1
    assert "make run" in ended.stderr


def test_a_port_in_use_is_reported_in_one_sentence_that_names_the_variable(shop):
    with socket.create_server((embedded_broker.HOST, shop.port)):
        shop.program.start(wait=False)
        wait_for(lambda: not shop.program.running)
    assert shop.program.returncode == 1
    text = shop.program.text()
    assert text.startswith(f"Conveyor cannot start. Port {shop.port} is already in use")
    assert "PORT" in text
    assert "Traceback" not in text


def test_the_list_has_one_shell_command_for_every_process(shop):
    command = [sys.executable, "-m", "config.processes", "--list"]
    done = subprocess.run(
        command, env=shop.env, cwd=PROJECT, capture_output=True, text=True, timeout=PATIENCE, check=True
    )
    lines = {line.split()[0]: line for line in done.stdout.splitlines()}
    assert set(lines) == NAMES | {"broker"}
    assert "REMAP_SIGTERM=SIGQUIT" in lines["worker-payments"]
    assert "-A config --quiet worker -Q payments" in lines["worker-payments"]
    assert "-Q notifications,maintenance" in lines["worker-notifications"]


def test_a_long_name_is_not_joined_to_the_command_of_its_process(monkeypatch, capsys):
    long = replace(processes.processes()[-1], name=f"worker-{'n' * 40}")
    monkeypatch.setattr(processes, "processes", lambda: [long])
    monkeypatch.setattr(sys, "argv", ["processes", "--list"])
    processes.main()
    assert capsys.readouterr().out == f"{long.name}  {long.command_line()}\n"


def test_a_process_is_run_by_its_name_in_place_of_the_program_that_was_called(shop):
    command = [sys.executable, "-m", "config.processes", "--run", "worker-payments", "--concurrency", "3"]
    own = shop.env | {"PATH": f"{shop.folder}:{os.environ['PATH']}"}
    shop.folder.mkdir()
    nice = shop.folder / "nice"
    nice.write_text('#!/bin/sh\necho $$ $(pwd -P) $REMAP_SIGTERM "$@"\n')
    nice.chmod(0o755)
    program = subprocess.Popen(command, env=own, cwd=PROJECT, stdout=subprocess.PIPE, text=True)
    said = program.communicate(timeout=PATIENCE)[0].split()
    listed = next(process for process in processes.processes() if process.name == "worker-payments")
    assert said[:3] == [str(program.pid), str(PROJECT), "SIGQUIT"]
    assert said[3:-2] == [*listed.niced[1:-1], "INFO"]
    assert said[-2:] == ["--concurrency", "3"]


@pytest.mark.parametrize(
    ("arguments", "error"),
    [
        (["--run", "worker-paymants"], "There is no process 'worker-paymants'; there are web, relay, worker-payments"),
        (["--list", "--concurrency", "3"], "unrecognized arguments: --concurrency 3"),
    ],
)
def test_a_process_that_is_not_declared_is_refused_with_the_names_of_those_that_are(
    arguments, error, monkeypatch, capsys
):
    monkeypatch.setattr(sys, "argv", ["config.processes", *arguments])
    with pytest.raises(SystemExit) as refused:
        processes.main()
    assert refused.value.code
    assert error in f"{refused.value.code} {capsys.readouterr().err}"


def test_every_listed_worker_relay_and_beat_goes_behind_the_web():
    values = {each.name: each.niced[2] for each in processes.processes() if each.niced[:2] == ["nice", "-n"]}
    workers = dict.fromkeys(NAMES - {"web", "relay", "beat"}, "10")
    assert values == workers | {"relay": "5", "beat": "5"}


def test_the_embedded_broker_is_not_started_when_broker_url_is_set(monkeypatch):
    monkeypatch.setenv("BROKER_URL", "amqp://guest:guest@127.0.0.1//")
    assert {process.name for process in processes.processes()} == NAMES


def test_supervisord_stops_a_worker_with_one_signal_and_the_broker_after_it(tmp_path, monkeypatch):
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


def test_any_directory_of_the_shop_is_one_that_supervisord_reads(tmp_path):
    folder = tmp_path / "50 %d é %(x)s %% 'quoted'"
    declared = processes.processes()
    path = supervision.write_configuration(declared, folder=folder, project=PROJECT)
    options = ServerOptions()
    options.realize(["-c", str(path)])
    read = {each.name: each for group in options.process_group_configs for each in group.process_configs}
    for process in declared:
        assert read[process.name].stdout_logfile == str(folder / "log" / f"{process.name}.log")
        assert shlex.split(read[process.name].command) == process.niced
        assert read[process.name].environment == process.environment
    assert options.logfile == str(folder / "log" / "supervisord.log")


def test_no_two_processes_give_a_variable_different_values():
    """Some are read as the shop is loaded, for all of them."""
    given = {(name, value) for process in processes.processes() for name, value in process.environment.items()}
    assert len({name for name, _ in given}) == len(given)


def test_the_control_socket_moves_if_its_path_would_be_too_long(tmp_path):
    deep = tmp_path / ("x" * 120)
    moved = supervision.socket_path(deep)
    assert len(str(moved)) < supervision.SOCKET_PATH_LIMIT
    moved.parent.rmdir()
