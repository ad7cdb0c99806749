"""Embedded broker: stable address, private password, port conflicts, leftovers of earlier runs."""

import os
import shutil
import signal
import socket
import stat
import subprocess
import time

import pytest
import redis
from django.core.exceptions import ImproperlyConfigured

from config import embedded_broker
from tests.patience import wait_for
from tests.stack.valkey import Valkey


@pytest.fixture
def server(tmp_path):
    server = Valkey(tmp_path)
    yield server
    server.remove()


def test_the_address_is_generated_once_and_readable_by_its_owner_only(tmp_path):
    url = embedded_broker.address(folder=tmp_path)
    assert embedded_broker.address(folder=tmp_path) == url
    assert embedded_broker.reclaim(folder=tmp_path) == url
    assert stat.S_IMODE((tmp_path / "valkey.url").stat().st_mode) == 0o600


def test_the_password_appears_in_no_command_line(tmp_path):
    url = embedded_broker.address(folder=tmp_path)
    password = url.split(":")[2].split("@")[0]
    command = embedded_broker.command(url=url, folder=tmp_path)
    assert len(password) >= 24
    assert password not in " ".join(command)
    assert stat.S_IMODE((tmp_path / "valkey" / "valkey.conf").stat().st_mode) == 0o600


def test_a_new_port_is_chosen_if_another_program_holds_the_kept_one(tmp_path):
    url = embedded_broker.address(folder=tmp_path)
    with socket.create_server((embedded_broker.HOST, embedded_broker.port_of(url))):
        other = embedded_broker.reclaim(folder=tmp_path)
    assert embedded_broker.port_of(other) != embedded_broker.port_of(url)
    assert embedded_broker.address(folder=tmp_path) == other


def test_a_server_that_outlived_its_supervisor_is_shut_down_and_keeps_its_messages(tmp_path, server):
    server.start()
    with redis.Redis.from_url(server.url) as client:
        client.set("message", "kept")
    assert embedded_broker.reclaim(folder=tmp_path) == server.url
    wait_for(lambda: server.program.returncode == 0)
    server.start()
    with redis.Redis.from_url(server.url) as client:
        assert client.get("message") == b"kept"


def process_id(url: str) -> int | None:
    """The server's process id, or None if none answers."""
    try:
        with redis.Redis.from_url(url) as client:
            return int(client.info("server")["process_id"])
    except redis.RedisError:
        return None


def test_a_server_whose_folder_was_deleted_starts_again_with_what_it_needs(tmp_path, server):
    server.start()
    data, first = tmp_path / "valkey", process_id(server.url)
    wait_for((data / "appendonlydir").exists)
    shutil.rmtree(data)
    wait_for(lambda: process_id(server.url) not in (None, first))
    wait_for((data / "appendonlydir").exists)
    with redis.Redis.from_url(server.url) as client:
        client.set("message", "kept")
    server.program.restart()
    with redis.Redis.from_url(server.url) as client:
        assert client.get("message") == b"kept"


class Running:
    """A server that runs for two looks of its launcher, which then sees it exit. `happens` before the second."""

    def __init__(self, happens) -> None:
        self._looks = iter([lambda: None, happens])

    def wait(self, *, timeout: float) -> int:
        for look in self._looks:
            look()
            raise subprocess.TimeoutExpired("valkey-server", timeout)
        return 0


@pytest.fixture
def data(tmp_path):
    """The files of a running server."""
    embedded_broker.command(url=embedded_broker.address(folder=tmp_path), folder=tmp_path)
    (tmp_path / "valkey" / "appendonlydir").mkdir()
    return tmp_path / "valkey"


@pytest.mark.parametrize("lost", ["valkey.conf", "appendonlydir", ""])
def test_the_launcher_notices_that_a_file_or_the_folder_of_its_server_was_deleted(data, tmp_path, lost):
    server = Running(lambda: (data / lost).rename(tmp_path / "away"))
    assert "files were deleted" in embedded_broker._reason_to_restart(server, folder=tmp_path)


def test_a_server_that_exits_is_not_started_again(data, tmp_path):
    assert embedded_broker._reason_to_restart(Running(lambda: None), folder=tmp_path) == ""


def test_a_server_whose_launcher_was_killed_is_replaced(server):
    server.start()
    first = process_id(server.url)
    os.kill(server.program.pid, signal.SIGKILL)
    wait_for(lambda: not server.program.running)
    assert process_id(server.url) == first
    server.start()
    wait_for(lambda: process_id(server.url) not in (None, first))


def test_the_server_stops_with_its_launcher(server):
    server.start()
    assert server.program.stop() == 0
    assert embedded_broker.port_is_free(embedded_broker.port_of(server.url))


def test_the_server_refuses_clients_without_the_password(server):
    server.start()
    assert embedded_broker.answers(url=server.url)
    assert not embedded_broker.answers(url=f"redis://{embedded_broker.HOST}:{embedded_broker.port_of(server.url)}/0")


def test_an_unsupported_platform_gets_an_error_that_names_broker_url(monkeypatch):
    monkeypatch.setattr("platform.machine", lambda: "riscv64")
    with pytest.raises(ImproperlyConfigured, match="Set BROKER_URL"):
        embedded_broker.server_binary()


def test_a_simulated_stop_ends_by_itself_and_loses_nothing(tmp_path, server):
    server.start()
    with redis.Redis.from_url(server.url) as client:
        client.set("message", "kept")
    stop = tmp_path / "outages" / "broker"
    stop.parent.mkdir()
    stop.touch()
    os.utime(stop, (time.time() + 600,) * 2)
    wait_for(lambda: process_id(server.url) is None, what="the server has stopped")
    assert server.program.running, "its launcher waits for the end"
    os.utime(stop, (time.time() - 1,) * 2)
    wait_for(lambda: process_id(server.url), what="the server runs again")
    with redis.Redis.from_url(server.url) as client:
        assert client.get("message") == b"kept"


def test_a_launcher_can_be_stopped_while_it_simulates_a_stop(tmp_path, server):
    stop = tmp_path / "outages" / "broker"
    stop.parent.mkdir()
    stop.touch()
    os.utime(stop, (time.time() + 600,) * 2)
    server.program.start(wait=False)
    time.sleep(1)
    assert process_id(server.url) is None
    server.program.stop()
    assert not server.program.running
