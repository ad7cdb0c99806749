"""Load on a web server from this machine: persistent connections, each with one request at a time."""

import http.client
import json
import socket
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from tests.stack.stack import ADDRESS

CONNECTIONS = 16
#: Its threads live on, and so do their database connections.
_pool = ThreadPoolExecutor(CONNECTIONS)


@dataclass(frozen=True)
class Load:
    """What was sent: seconds of each request, and of all."""

    latencies: list[float]
    seconds: float

    @property
    def rate(self) -> float:
        return len(self.latencies) / self.seconds


def share(count: int, parts: int = CONNECTIONS) -> list[range]:
    """`range(count)` in `parts` of almost equal length."""
    return [range(part, count, parts) for part in range(parts)]


def in_parallel(work: Callable[[range], list[float]], count: int) -> Load:
    """`work` on each share of `range(count)`, one thread a connection."""
    began = time.perf_counter()
    latencies = [seconds for part in _pool.map(work, share(count)) for seconds in part]
    return Load(latencies, time.perf_counter() - began)


def place_orders(port: int, skus: Sequence[str], count: int) -> Load:
    """Place orders through the API, spread over `skus` so that they do not queue for the stock of one product."""

    def work(numbers: range) -> list[float]:
        connection, latencies = http.client.HTTPConnection("127.0.0.1", port), []
        for number in numbers:
            began = time.perf_counter()
            connection.request("POST", "/api/v1/orders/", order(skus[number % len(skus)]), HEADERS)
            response = connection.getresponse()
            answer = response.read()
            latencies.append(time.perf_counter() - began)
            assert response.status == 201, f"{response.status}: {answer[:500]!r}"
        connection.close()
        return latencies

    return in_parallel(work, count)


HEADERS = {"Content-Type": "application/json", "Accept": "application/json"}


def order(sku: str) -> str:
    return json.dumps(
        {
            "email": "shopper@example.com",
            "name": "Sam Shopper",
            "address": ADDRESS,
            "shipping_method": "standard",
            "payment_method": "pm_card_visa",
            "lines": [{"sku": sku, "quantity": 1}],
        }
    )


def get(port: int, count: int, *, ending: bytes) -> Load:
    """GET / `count` times until the page's `ending`. Python's own HTTP client would be slower than the server."""
    request = f"GET / HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\n\r\n".encode()

    def work(numbers: range) -> list[float]:
        latencies = []
        with socket.create_connection(("127.0.0.1", port)) as connection:
            for _ in numbers:
                began = time.perf_counter()
                connection.sendall(request)
                answer = connection.recv(65536)
                while not answer.endswith(ending):
                    more = connection.recv(65536)
                    assert more, f"the connection was closed after {answer!r}"
                    answer += more
                assert answer.startswith(b"HTTP/1.1 200"), answer
                latencies.append(time.perf_counter() - began)
        return latencies

    return in_parallel(work, count)
