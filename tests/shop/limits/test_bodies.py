"""Half-sent bodies, at a real web server with the threads of the shop's own and no proxy in front."""

import os
import socket
import sys
from collections.abc import Iterator
from contextlib import ExitStack, closing
from http.client import HTTPConnection
from io import BytesIO

import pytest

from shop.limits.bodies import MOST, Bodies
from tests.patience import PATIENCE, wait_for
from tests.ports import answers, free_port
from tests.shop.limits.half_sent import echo
from tests.stack.program import Program

THREADS = MOST + 1


class Server:
    def __init__(self, port: int, program: Program) -> None:
        self.port, self.program = port, program

    def send(self, method: str, path: str, body: bytes = b"") -> tuple[int, bytes]:
        with closing(HTTPConnection("127.0.0.1", self.port, timeout=PATIENCE)) as connection:
            connection.request(method, path, body)
            response = connection.getresponse()
            return response.status, response.read()

    def half(self, path: str = "/") -> socket.socket:
        """A client that announces ten bytes and sends three."""
        client = socket.create_connection(("127.0.0.1", self.port))
        client.sendall(f"POST {path} HTTP/1.1\r\nHost: shop\r\nContent-Length: 10\r\n\r\nabc".encode())
        return client


@pytest.fixture
def server(tmp_path) -> Iterator[Server]:
    port = free_port()
    options = f"--interface wsgi --port {port} --workers 1 --blocking-threads {THREADS} --no-ws"
    command = [sys.executable, "-m", "granian", *options.split(), "tests.shop.limits.half_sent:application"]
    program = Program(
        "web", command, env=dict(os.environ), log=tmp_path / "web.log", ready=lambda _program: answers(port)
    )
    program.start()
    yield Server(port, program)
    program.kill()


def test_clients_that_send_half_a_body_leave_a_thread_for_pages(server):
    with ExitStack() as clients:
        for _ in range(2 * THREADS):
            clients.enter_context(server.half())

        def all_are_taken() -> bool:
            """One client more each time: all of them may have been refused while a form had the last place."""
            clients.enter_context(server.half())
            return server.send("POST", "/", b"a form")[0] == 503

        wait_for(all_are_taken, what="all places are taken")
        assert server.send("GET", "/") == (200, b"page")
    wait_for(lambda: server.send("POST", "/", b"a form") == (200, b"a form"), what="forms are taken again")


def test_what_is_left_of_a_body_is_not_taken_for_the_whole(server):
    with server.half("/acted"):
        pass
    assert server.send("POST", "/acted", b"whole") == (200, b"whole")
    wait_for(lambda: "acted on 5 bytes" in server.program.log.read_text(), what="the whole body is acted on")
    assert "acted on 3 bytes" not in server.program.log.read_text()


def test_a_body_that_ends_early_is_refused():
    answered = []
    environ = {"CONTENT_LENGTH": "10", "wsgi.input": BytesIO(b"abc"), "PATH_INFO": "/"}
    text = b"".join(Bodies(echo)(environ, lambda status, headers: answered.append(status)))
    assert (answered, text) == (["400 Bad Request"], b"The request is incomplete. Nothing was changed.")


@pytest.mark.parametrize("length", [None, "", "0", "x", "-1", "²", "9" * 5000])
def test_a_length_that_is_none_is_left_to_the_shop(length):
    passed = []
    environ = {"CONTENT_LENGTH": length, "wsgi.input": BytesIO(b"abc")}
    Bodies(lambda environ, start: passed.append(environ["CONTENT_LENGTH"]) or [])(environ, print)
    assert passed == [length]
