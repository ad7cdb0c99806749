"""The network that tests break: what a proxy throttles arrives whole, what it tears in part, and links lose packets."""

import socket
import subprocess
import sys
from collections.abc import Iterator

import pytest

from tests.chaos.servers.namespace import Link, Namespace
from tests.patience import PATIENCE
from tests.proxy import Proxy

DATA = bytes(range(200))
CONNECT = """
import socket, sys
try:
    socket.create_connection((sys.argv[1], int(sys.argv[2])), timeout=float(sys.argv[3])).close()
except TimeoutError:
    print("no answer")
else:
    print("connected")
"""


@pytest.fixture
def server() -> Iterator[socket.socket]:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        listening.settimeout(PATIENCE)
        yield listening


@pytest.fixture
def proxy(server: socket.socket) -> Iterator[Proxy]:
    found = Proxy(server.getsockname()[1])
    yield found
    found.close()


def arriving(server: socket.socket, proxy: Proxy) -> bytes:
    """What the server reads of `DATA` until the connection ends."""
    with socket.create_connection(("127.0.0.1", proxy.port)) as client:
        accepted, _ = server.accept()
        with accepted, accepted.makefile("rb") as reader:
            client.sendall(DATA)
            client.shutdown(socket.SHUT_WR)
            return reader.read()


def test_throttled_data_arrive_whole(server, proxy):
    proxy.rate = 2_000
    assert arriving(server, proxy) == DATA


def test_a_torn_connection_ends_in_the_middle_of_what_passes(server, proxy):
    proxy.torn_after = 70
    assert arriving(server, proxy) == DATA[:70]
    proxy.restore()
    assert arriving(server, proxy) == DATA


def test_a_cut_link_gives_no_answer_until_it_is_restored():
    link = Link()
    namespace = Namespace([link])
    namespace.create()
    try:
        with socket.create_server((link.near, 0)) as server:

            def connect(*, seconds: float) -> str:
                where = [link.near, str(server.getsockname()[1]), str(seconds)]
                command = namespace.inside([sys.executable, "-c", CONNECT, *where])
                return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()

            assert connect(seconds=60) == "connected"
            link.cut()
            assert connect(seconds=0.5) == "no answer"
            link.restore()
            assert connect(seconds=60) == "connected"
    finally:
        namespace.remove()
