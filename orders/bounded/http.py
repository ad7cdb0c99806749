"""HTTP sessions of `requests` whose answers are bounded: in bytes, even unpacked, and in time from first to last byte.

No redirect is followed: it would take what was sent, such as an API key in a header or a customer's data, elsewhere.
"""

import socket
from http.client import HTTPResponse
from typing import Any, Final

import requests
from requests.adapters import HTTPAdapter
from requests.exceptions import ChunkedEncodingError
from urllib3 import HTTPConnectionPool, HTTPSConnectionPool, PoolManager
from urllib3.connection import HTTPConnection, HTTPSConnection

from orders.bounded.budget import Budget, readable

#: Bytes of an answer. A page of a hundred of Stripe's records is below one megabyte.
MOST: Final = 8_000_000
#: Where the caller gives no timeout for reading.
_SECONDS: Final = 30.0
_CHUNK: Final = 65_536
_THREADS: Final = 32


class BoundedSession(requests.Session):
    """The timeout for reading is that of the whole answer. Raises what `requests` does."""

    def __init__(self) -> None:
        super().__init__()
        for prefix in ("http://", "https://"):
            self.mount(prefix, _Adapter(pool_maxsize=_THREADS))

    def send(self, request: requests.PreparedRequest, **options: Any) -> requests.Response:
        """The content is read here: `requests` would unpack any number of bytes."""
        response = super().send(request, **options | {"stream": True})
        content = bytearray()
        for chunk in response.iter_content(_CHUNK):
            content += chunk
            if len(content) > MOST:
                response.close()
                raise ChunkedEncodingError(f"the answer has more than {MOST} bytes", response=response)
        response._content = bytes(content)
        return response

    def get_redirect_target(self, resp: requests.Response) -> None:
        """None: the redirect is the answer."""


def bound_pools(manager: PoolManager) -> None:
    """Have all connections of `manager` bound their answers."""
    manager.pool_classes_by_scheme = {"http": _Pool, "https": _TlsPool}


class _Adapter(HTTPAdapter):
    def init_poolmanager(self, *args: Any, **options: Any) -> None:
        super().init_poolmanager(*args, **options)
        bound_pools(self.poolmanager)

    def proxy_manager_for(self, *args: Any, **options: Any) -> Any:
        manager = super().proxy_manager_for(*args, **options)
        bound_pools(manager)
        return manager


class _Bounded:
    timeout: Any

    def response_class(self, sock: socket.socket, *args: Any, **options: Any) -> HTTPResponse:
        """What `http.client` makes of the socket once the request was sent."""
        return HTTPResponse(_Readable(sock, self.timeout), *args, **options)  # type: ignore[arg-type]


class _Connection(_Bounded, HTTPConnection):  # type: ignore[misc]
    """HTTP."""


class _TlsConnection(_Bounded, HTTPSConnection):  # type: ignore[misc]
    """HTTPS."""


class _Pool(HTTPConnectionPool):
    ConnectionCls = _Connection


class _TlsPool(HTTPSConnectionPool):
    ConnectionCls = _TlsConnection


class _Readable:
    """The part of a socket that `HTTPResponse` uses."""

    def __init__(self, connection: socket.socket, seconds: Any) -> None:
        self._connection = connection
        self._budget = Budget(seconds=seconds if isinstance(seconds, int | float) else _SECONDS, most=MOST)

    def makefile(self, _mode: str) -> Any:
        return readable(self._connection, self._budget)
