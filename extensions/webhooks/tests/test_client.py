"""The client: one deadline for everything, no redirect, little of the answer read, and the checked address called."""

import socket
import ssl
import time

import pytest

from extensions.webhooks import client, targets
from extensions.webhooks.client import NoAnswer
from extensions.webhooks.targets import TargetRefused
from extensions.webhooks.tests.merchant import Merchant, answer, raw
from orders.bounded.budget import Budget
from tests.patience import PATIENCE
from tests.stack.tls import PrivateCA


def post(url: str, *, seconds: float = PATIENCE) -> client.Answer:
    return client.post(url, headers={"webhook-id": "msg_1"}, body=b'{"a":1}', seconds=seconds)


def test_a_request_has_the_body_and_the_headers(merchant):
    found = post(merchant.url)
    assert (found.status, found.is_success) == (204, True)
    (request,) = merchant.requests
    assert request.line == "POST /hooks?shop=1 HTTP/1.1"
    assert request.body == '{"a":1}'
    assert request.headers == {
        "Host": f"127.0.0.1:{merchant.port}",
        "User-Agent": "Conveyor-Webhooks/1.0",
        "Content-Type": "application/json",
        "Content-Length": "7",
        "Connection": "close",
        "webhook-id": "msg_1",
    }


@pytest.mark.parametrize("status", [300, 301, 302, 307, 308, 400, 404, 429, 500, 503])
def test_only_2xx_is_a_success(merchant, status):
    merchant.behaviour = answer(status, Location=merchant.url)
    found = post(merchant.url)
    assert (found.status, found.is_success) == (status, False)
    assert len(merchant.requests) == 1, "a redirect was followed"


def test_an_answer_is_read_to_a_bound_and_kept_printable(merchant):
    merchant.behaviour = answer(500, b"a\x00\x1b[31m\xff" + b"b" * 10_000_000)
    text = post(merchant.url).text
    assert text.startswith("a  [31m")
    assert len(text) == client.MOST_READ
    assert "\x00" not in text


def test_interim_answers_are_skipped(merchant):
    hints = b"HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n"
    merchant.behaviour = raw(b"HTTP/1.1 100 Continue\r\n\r\n" + hints * 2 + b"HTTP/1.1 200 OK\r\n\r\nfine")
    found = post(merchant.url)
    assert (found.status, found.text) == (200, "fine")


@pytest.mark.parametrize("status", [100, 103])
def test_interim_answers_without_end_are_no_answer(merchant, status):
    merchant.behaviour = raw(b"HTTP/1.1 %d Wait\r\n\r\n" % status * 1000)
    with pytest.raises(NoAnswer, match="without an answer"):
        post(merchant.url)


def test_headers_without_end_are_no_answer(merchant):
    merchant.behaviour = raw(b"HTTP/1.1 200 OK\r\n" + b"".join(b"X-%d: %060000d\r\n" % (i, i) for i in range(90)))
    with pytest.raises(NoAnswer, match="the server sent more than 1000000 bytes"):
        post(merchant.url)


def test_chunks_are_read(merchant):
    merchant.behaviour = raw(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n")
    assert post(merchant.url).text == "abcde"


def test_a_broken_body_does_not_undo_the_status(merchant):
    merchant.behaviour = raw(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nno number\r\n")
    assert post(merchant.url).is_success


class OverAfterOneRead(Budget):
    """The deadline comes once something was read."""

    def spend(self, count):
        super().spend(count)
        self.renew(seconds=0.1)


def test_a_body_that_never_ends_does_not_undo_the_status(merchant, monkeypatch):
    def behave(connection):
        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nab")
        merchant.hang(connection)

    merchant.behaviour = behave
    monkeypatch.setattr(client, "Budget", OverAfterOneRead)
    found = post(merchant.url)
    assert (found.status, found.text) == (200, "ab ...")


@pytest.mark.parametrize("behaviour", ["hang", "drip"])
def test_a_server_that_hangs_or_drips_ends_at_the_deadline(merchant, behaviour):
    merchant.behaviour = getattr(merchant, behaviour)
    began = time.monotonic()
    with pytest.raises(NoAnswer, match="no answer within"):
        post(merchant.url, seconds=0.5)
    assert 0.4 < time.monotonic() - began < 5


@pytest.mark.parametrize(
    "data",
    [b"", b"SSH-2.0-OpenSSH\r\n", b"HTTP/1.1 abc\r\n\r\n", b"HTTP/1.1 200 OK\r\n" + b"a: b\r\n" * 500, b"\x00" * 100,
     b"HTTP/1.1 200 OK\r\nX: " + b"x" * 100_000 + b"\r\n\r\n"],
)  # fmt: skip
def test_what_is_not_http_is_no_answer(merchant, data):
    merchant.behaviour = raw(data)
    with pytest.raises(NoAnswer, match=r"not HTTP|connection failed"):
        post(merchant.url)


def test_a_port_that_nobody_listens_on_is_no_answer(local):
    with socket.create_server(("127.0.0.1", 0)) as closed:
        port = closed.getsockname()[1]
    with pytest.raises(NoAnswer, match="refused"):
        post(f"http://127.0.0.1:{port}/")


def test_proxies_of_the_environment_are_not_used(merchant, monkeypatch):
    for name in ("http_proxy", "HTTP_PROXY", "https_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    assert post(merchant.url).is_success


def test_nothing_is_connected_if_the_name_leads_to_a_private_address(monkeypatch):
    found = [(socket.AF_INET, socket.SOCK_STREAM, 6, "", ("10.0.0.1", 443))]
    monkeypatch.setattr(socket, "getaddrinfo", lambda *args, **options: found)
    monkeypatch.setattr(socket, "create_connection", lambda *args, **options: pytest.fail("connected"))
    with pytest.raises(TargetRefused):
        post("https://shop.example/")


def test_the_name_is_resolved_once_and_its_checked_address_is_called(monkeypatch):
    """A name that is public when it is checked and private when it is called (DNS rebinding) leads nowhere else."""
    answers, called = ["8.8.8.8", "127.0.0.1"], []

    def resolve(*args, **options):
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (answers.pop(0), 443))]

    def connect(address, **options):
        called.append(address)
        raise ConnectionRefusedError

    monkeypatch.setattr(socket, "getaddrinfo", resolve)
    monkeypatch.setattr(socket, "create_connection", connect)
    with pytest.raises(NoAnswer):
        post("https://shop.example/")
    assert called == [("8.8.8.8", 443)]


def test_the_second_address_is_tried_if_the_first_refuses(merchant, monkeypatch):
    found = [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, 1)) for address in ("127.0.0.2", "127.0.0.1")]
    monkeypatch.setattr(targets, "_resolve", lambda *args, **options: [each[4][0] for each in found])
    assert post(merchant.url).is_success


@pytest.fixture
def ca(tmp_path, monkeypatch) -> PrivateCA:
    authority = PrivateCA(tmp_path / "ca")
    context = ssl.create_default_context(cafile=str(authority.certificates))
    monkeypatch.setattr(client, "tls_context", lambda: context)
    monkeypatch.setattr(targets, "_resolve", lambda *args, **options: ["127.0.0.1"])
    return authority


def test_tls_is_of_the_name_although_the_address_is_called(local, ca):
    names = []
    context = ca.issue("DNS:shop.example")
    context.sni_callback = lambda connection, name, ctx: names.append(name)
    with Merchant(tls=context) as merchant:
        assert post(f"https://shop.example:{merchant.port}/").is_success
    assert names == ["shop.example"]
    assert merchant.requests[0].headers["Host"] == f"shop.example:{merchant.port}"


def test_a_certificate_of_another_name_is_refused(local, ca):
    with (
        Merchant(tls=ca.issue("DNS:other.example")) as merchant,
        pytest.raises(NoAnswer, match="its certificate is not valid"),
    ):
        post(f"https://shop.example:{merchant.port}/")
    assert not merchant.requests
