"""`METRICS_PORT`: the same rule as on the web server, one page, and nothing that stops or holds up a process."""

import logging
import os
import socket
import threading
import time
from contextlib import ExitStack, closing
from pathlib import Path
from types import SimpleNamespace

import httpx
import pytest

from shop.health import metrics_server
from tests.patience import PATIENCE, wait_for
from tests.ports import free_port

pytestmark = pytest.mark.usefixtures("settings")


@pytest.fixture
def server(settings):
    settings.METRICS_PORT, settings.METRICS_TOKEN, settings.CONVEYOR_DEMO = free_port(), "s3cret", False
    with closing_server(metrics_server.start()) as found:
        yield f"http://127.0.0.1:{found.server_address[1]}"


def closing_server(found):
    assert found is not None

    class Closing:
        def __enter__(self):
            return found

        def __exit__(self, *_raised):
            found.shutdown()
            found.server_close()

    return Closing()


def get(url: str, **headers: str) -> httpx.Response:
    return httpx.get(url, headers=headers, timeout=PATIENCE, trust_env=False)


def test_the_metrics_of_the_host_are_served_with_the_token(server):
    answer = get(f"{server}/metrics", Authorization="Bearer s3cret")
    assert answer.status_code == 200
    assert answer.headers["Content-Type"].startswith("text/plain")
    assert "conveyor_messages_done_total" in answer.text or "# HELP conveyor_messages_done" in answer.text
    assert "conveyor_oldest_due_seconds" not in answer.text, "the ledger is the web server's"


@pytest.mark.parametrize("token", ["", "Bearer wrong", "s3cret", "Bearer \xe9"])
def test_another_token_is_refused(server, token):
    answer = httpx.get(
        f"{server}/metrics", headers=[(b"Authorization", token.encode("latin-1"))], timeout=PATIENCE, trust_env=False
    )
    assert (answer.status_code, answer.headers["WWW-Authenticate"]) == (401, "Bearer")
    assert "conveyor_" not in answer.text


def test_there_is_no_other_page(server, settings):
    assert get(f"{server}/", Authorization="Bearer s3cret").status_code == 404
    settings.METRICS_TOKEN = ""
    assert get(f"{server}/metrics").status_code == 404, "without a token, in demo and debug mode only"
    settings.CONVEYOR_DEMO = True
    assert get(f"{server}/metrics").status_code == 200


def test_a_client_that_sends_nothing_holds_up_no_other(server, monkeypatch):
    monkeypatch.setattr(metrics_server.Handler, "timeout", None)
    host, port = server.removeprefix("http://").split(":")
    with closing(socket.create_connection((host, int(port)), timeout=PATIENCE)):
        assert get(f"{server}/metrics", Authorization="Bearer s3cret").status_code == 200


def test_a_client_that_sends_nothing_is_dropped(server, monkeypatch):
    monkeypatch.setattr(metrics_server.Handler, "timeout", 0.1)
    host, port = server.removeprefix("http://").split(":")
    with closing(socket.create_connection((host, int(port)), timeout=PATIENCE)) as idle:
        assert idle.recv(1) == b""


def connect(server: str) -> socket.socket:
    host, port = server.removeprefix("http://").split(":")
    return socket.create_connection((host, int(port)), timeout=PATIENCE)


def request_threads() -> int:
    return sum(thread.name == metrics_server.THREAD for thread in threading.enumerate())


def is_closed(connection: socket.socket) -> bool:
    try:
        return connection.recv(1) == b""
    except ConnectionResetError:
        return True


def test_many_slow_clients_hold_a_bounded_number_of_threads(server, monkeypatch):
    monkeypatch.setattr(metrics_server.Handler, "timeout", None)
    wait_for(lambda: request_threads() == 0, what="no request of another test")
    with ExitStack() as clients:
        slow = [clients.enter_context(connect(server)) for _ in range(metrics_server.MOST_REQUESTS)]
        for client in slow:
            client.sendall(b"GET /metrics HTTP/1.1\r\n")
        wait_for(lambda: request_threads() == metrics_server.MOST_REQUESTS, what="each slow client has a thread")
        for _ in range(12):
            assert is_closed(clients.enter_context(connect(server)))
            assert request_threads() == metrics_server.MOST_REQUESTS
    wait_for(lambda: request_threads() == 0, what="the slow clients have gone")
    for _ in range(metrics_server.MOST_REQUESTS + 1):
        assert get(f"{server}/metrics", Authorization="Bearer s3cret").status_code == 200


def test_a_client_that_sends_a_byte_now_and_then_is_dropped_at_the_deadline(server, monkeypatch):
    monkeypatch.setattr(metrics_server, "REQUEST_SECONDS", 0.2)
    with closing(connect(server)) as slow:
        slow.settimeout(0.05)
        slow.sendall(b"GET /metrics HTTP/1.1\r\n")
        end = time.monotonic() + PATIENCE
        is_dropped = False
        while not is_dropped and time.monotonic() < end:
            try:
                slow.sendall(b"x")
                is_dropped = is_closed(slow)
            except TimeoutError:
                continue
            except OSError:
                is_dropped = True
    assert is_dropped
    wait_for(lambda: request_threads() == 0, what="its thread ends")


def test_a_client_that_does_not_read_is_dropped_at_the_deadline(server, monkeypatch):
    monkeypatch.setattr(metrics_server.Handler, "timeout", None)
    monkeypatch.setattr(metrics_server, "generate_latest", lambda registry: b"x" * 2**25)
    clock = SimpleNamespace(monotonic=lambda: 0.0)
    monkeypatch.setattr(metrics_server, "time", clock)
    wait_for(lambda: request_threads() == 0, what="no request of another test")
    with closing(connect(server)) as client:
        client.sendall(b"GET /metrics HTTP/1.1\r\nAuthorization: Bearer s3cret\r\n\r\n")
        assert client.recv(4) == b"HTTP"
        clock.monotonic = lambda: metrics_server.REQUEST_SECONDS
        wait_for(lambda: request_threads() == 0, what="its thread ends")


def test_without_a_thread_to_start_a_connection_is_closed_and_its_place_is_free_again(server, monkeypatch):
    with monkeypatch.context() as patched:
        patched.setattr(
            metrics_server.ThreadingHTTPServer, "process_request", lambda *_args: (_ for _ in ()).throw(RuntimeError)
        )
        for _ in range(metrics_server.MOST_REQUESTS + 1):
            with closing(connect(server)) as refused:
                assert is_closed(refused)
    assert get(f"{server}/metrics", Authorization="Bearer s3cret").status_code == 200


def test_slow_clients_do_not_hold_up_a_shutdown(settings, monkeypatch):
    settings.METRICS_PORT = free_port()
    monkeypatch.setattr(metrics_server.Handler, "timeout", None)
    found = metrics_server.start()
    with closing(connect(f"http://127.0.0.1:{settings.METRICS_PORT}")) as slow:
        slow.sendall(b"GET /metrics HTTP/1.1\r\n")
        wait_for(lambda: request_threads() > 0, what="the slow client has a thread")

        def stop() -> None:
            found.shutdown()
            found.server_close()

        stopping = threading.Thread(target=stop, daemon=True)
        stopping.start()
        stopping.join(PATIENCE)
        assert not stopping.is_alive()
        assert request_threads() > 0, "it was not waited for"


def test_a_port_that_is_taken_is_logged_and_the_process_works_on(server, settings, caplog):
    with caplog.at_level(logging.WARNING):
        assert metrics_server.start() is None
    assert f"METRICS_PORT {settings.METRICS_PORT} cannot be served" in caplog.text


def test_no_port_no_server(settings):
    settings.METRICS_PORT = 0
    assert metrics_server.start() is None


def test_a_child_does_not_keep_the_port(server):
    port = int(server.rpartition(":")[2])
    reader, writer = os.pipe()
    child = os.fork()
    if child == 0:
        held = [path for path in Path("/proc/self/fd").iterdir() if is_port(int(path.name), port)]
        os.write(writer, str(len(held)).encode())
        os._exit(0)
    os.waitpid(child, 0)
    assert os.read(reader, 10) == b"0"


def is_port(fd: int, port: int) -> bool:
    try:
        found = socket.socket(fileno=os.dup(fd))
    except OSError:
        return False
    with found:
        try:
            return found.family in (socket.AF_INET, socket.AF_INET6) and found.getsockname()[1] == port
        except OSError:
            return False
