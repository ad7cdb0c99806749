"""Bounded HTTP sessions: what a server may send, how long it may take, and where a request may go."""

import gzip
import socket
from collections.abc import Iterator

import pytest
import requests

from orders.bounded.http import MOST, BoundedSession
from tests.orders.bounded import hostile

#: Seconds to connect, and for an answer.
TIMEOUT = (10, 3)


@pytest.fixture
def session() -> Iterator[BoundedSession]:
    with BoundedSession() as made:
        made.trust_env = False
        yield made


@pytest.mark.parametrize("parts", hostile.answers().values(), ids=hostile.answers())
def test_an_answer_without_bounds_is_an_error(session: BoundedSession, parts: list[bytes]):
    with hostile.serving(parts) as server, pytest.raises(requests.RequestException):
        session.get(server.url, timeout=TIMEOUT)


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_a_redirect_is_the_answer(session: BoundedSession, status: int):
    with hostile.serving([]) as other, hostile.serving(hostile.redirect(status, f"{other.url}/elsewhere")) as server:
        response = session.post(server.url, data={"amount": 5}, headers={"X-Key": "secret"}, timeout=TIMEOUT)
        assert (response.status_code, response.history, other.requests) == (status, [], [])


@pytest.mark.parametrize(
    "parts",
    [
        [hostile.OK + b"Content-Length: 2\r\n\r\n{}"],
        [hostile.OK + b"Connection: close\r\n\r\n{}"],
        [hostile.OK + b"Transfer-Encoding: chunked\r\n\r\n1\r\n{\r\n1\r\n}\r\n0\r\n\r\n"],
        [hostile.OK + b"Connection: close\r\nContent-Encoding: gzip\r\n\r\n" + gzip.compress(b"{}")],
        [b"HTTP/1.1 100 Continue\r\n\r\n", hostile.OK + b"Content-Length: 2\r\n\r\n{}"],
    ],
    ids=["of a length", "until the end", "in chunks", "packed", "after an interim one"],
)
def test_an_answer_within_bounds_is_read(session: BoundedSession, parts: list[bytes]):
    with hostile.serving(parts) as server:
        response = session.get(server.url, timeout=(10, 60))
    assert (response.json(), response.content) == ({}, b"{}")


def test_an_answer_of_almost_the_bound_is_read(session: BoundedSession):
    body = b"5" * (MOST - 1000)
    with hostile.serving([hostile.OK + b"Content-Length: %d\r\n\r\n" % len(body), body]) as server:
        assert session.get(server.url, timeout=(10, 60)).content == body


def test_a_proxy_is_bounded_too(session: BoundedSession):
    with hostile.serving(hostile.answers()["slow header"]) as proxy, pytest.raises(requests.RequestException):
        session.get("http://shop.example/", timeout=TIMEOUT, proxies={"http": proxy.url})


@pytest.mark.parametrize(
    "parts", [[hostile.PAUSE] * 20, hostile.slowly(b"\x16\x03\x03\x40\x00", b"\x02")], ids=["silent", "slow"]
)
def test_a_handshake_that_does_not_end_is_cut_off(session: BoundedSession, parts: list[bytes]):
    with hostile.serving(parts) as server, pytest.raises(requests.Timeout):
        session.get(server.url.replace("http:", "https:"), timeout=(3, 3))


def test_a_connection_is_used_again(session: BoundedSession):
    with socket.create_server(("127.0.0.1", 0)) as listener:
        answer = hostile.OK + b"Content-Length: 2\r\n\r\n{}"
        with hostile.answering(listener, answer, times=3):
            url = f"http://127.0.0.1:{listener.getsockname()[1]}"
            assert [session.get(url, timeout=(10, 60)).text for _ in range(3)] == ["{}"] * 3
