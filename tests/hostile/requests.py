"""Sends one request at a time, undoes what it wrote, and expects an answer that is not a server error."""

import os
import random
from collections import Counter
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlencode

import pytest
from django.db import connection
from django.test import Client

from shop.models import User
from tests.hostile.values import text

FUZZ = int(os.environ.get("CONVEYOR_FUZZ", "1"))
#: A hang guard: even one round takes minutes on a busy machine.
TIMEOUT = pytest.mark.timeout(300 * FUZZ)
METHODS = ("GET", "HEAD", "OPTIONS", "PUT", "PATCH", "DELETE", "TRACE")
#: All but server errors, and statuses that no part of the shop uses.
ANSWERS = {200, 201, 204, 302, 400, 401, 403, 404, 405, 406, 409, 413, 415, 422}
CONTENT_TYPES = (
    "application/json", "text/plain", "", "application/x-www-form-urlencoded", "multipart/form-data",
    "multipart/form-data; boundary=x",
    "application/json; charset=utf-16", "application/json; charset=nonsense", "\x00", "é", "a" * 3000,
    "application/", "/", "*/*",
)  # fmt: skip
#: Headers that some part of the shop reads, and their values beside the hostile texts.
HEADERS = (
    "Accept", "Accept-Language", "Accept-Encoding", "Authorization", "Cookie", "Content-Length", "Content-Encoding",
    "HX-Request", "HX-Target", "HX-Trigger",
    "HX-Current-URL", "HX-Current-URL-URI-AutoEncoded", "HX-Triggering-Event", "Idempotency-Key",
    "If-Modified-Since", "If-None-Match", "Origin", "Referer", "traceparent",
    "X-Forwarded-For", "X-Forwarded-Host", "X-Forwarded-Proto", "X-Forwarded-Port", "X-CSRFToken",
    "X-Requested-With", "Range", "Transfer-Encoding", "User-Agent", "Forwarded",
)  # fmt: skip
COOKIES = ("sessionid", "csrftoken", "django_language", "timezone", "messages")


def rounds(each: int) -> Iterator[random.Random]:
    """One seeded source of randomness per round: `each`, times `CONVEYOR_FUZZ`."""
    for number in range(each * FUZZ):
        yield random.Random(number)


class Sender:
    """Sends requests as `user`, or as a guest; each starts from the same session and the same database.

    `statuses` counts the answers: a test whose requests are all refused at the door tests nothing behind it.
    """

    def __init__(self, user: User | None = None, **headers: str) -> None:
        self.headers, self.cookies = headers, {}
        self.statuses: Counter[int] = Counter()
        if user is not None:
            client = Client()
            client.force_login(user, "shop.accounts.authentication.NameOrEmail")
            self.cookies = {name: morsel.value for name, morsel in client.cookies.items()}

    @property
    def accepted(self) -> float:
        """The share of requests that were not refused or redirected, 0 to 1."""
        return (self.statuses[200] + self.statuses[201]) / self.statuses.total()

    def send(self, method: str, path: str, **options: Any) -> Any:
        """The response, read to its end. Raises whatever a view raises, with the request as a note.

        `then` is called before what the request wrote is undone.
        """
        client = Client(raise_request_exception=True)
        client.cookies.load(self.cookies | options.pop("cookies", {}))
        headers, then = self.headers | options.pop("headers", {}), options.pop("then", lambda: None)
        savepoint = connection.savepoint()
        assert savepoint, "the test runs in a transaction"
        try:
            response = client.generic(method, path, headers=headers, **options)
            b"".join(response) if response.streaming else response.content
            self.statuses[response.status_code] += 1
            assert response.status_code in ANSWERS, f"answered {response.status_code}"
            then()
        except BaseException as error:
            error.add_note(f"{method} {path[:2000]!r} {str(options)[:2000]} headers {str(headers)[:1000]}")
            raise
        finally:
            connection.needs_rollback = False
            connection.savepoint_rollback(savepoint)
        return response


def headers(rng: random.Random) -> dict[str, str]:
    """One to three headers with values as a server may pass them on: Latin-1, without line ends or NULs."""
    names = rng.sample(HEADERS, rng.randint(1, 3))
    return {name: _header(rng, name) for name in names}


def _header(rng: random.Random, name: str) -> str:
    if name == "Cookie":
        return "; ".join(f"{rng.choice(COOKIES)}={rng.choice(_COOKIE_VALUES)}" for _ in range(2))
    given = rng.choice((text(rng), *_VALUES_OF.get(name, ())))
    return given.encode("utf-8", "replace").decode("latin-1").translate({0: None, 10: None, 13: None})


_COOKIE_VALUES = (
    '"\\000"', '"a\\000b"', '"Europe/Zurich\\000"', "é", "../../etc/passwd", "a" * 4000, "%00", "", '"', "=",
    "xx-yy-zz",
)  # fmt: skip
_VALUES_OF = {
    "Authorization": ("Token", "Token x", "Token é", "Token a b", "Basic é", "Bearer x", "Token " + "a" * 5000),
    "Accept": ("*/*", "text/html;q=x", "application/json;version=1;q=0.1", ",;,"),
    "Accept-Language": ("de;q=9", "de," * 5000, "x" * 300, "de-\u0660"),
    "Content-Length": ("-1", "١", "\u00ef\u00bb\u00bf", "5", "9" * 30, "9" * 5000),
    "X-Forwarded-For": ("::1", "1.2.3.4, é", "1," * 3000, "[::", "999.1.1.1"),
    "traceparent": (
        "00-" + "0" * 32 + "-" + "0" * 16 + "-00",
        "00-" + "f" * 32 + "-" + "f" * 16 + "-01\u0660",
        "0" * 9000,
    ),
    "HX-Request": ("true",),
    "HX-Current-URL": ("http://[::1", "http://testserver/\u0660", "//"),
    "If-Modified-Since": (
        "Thu, 01 Jan 99999 00:00:00 GMT",
        "Thu, 31 Feb 2026 00:00:00 GMT",
        "Thu, 01 Jan 0000 00:00:00 GMT",
    ),
    "Referer": ("http://[", "http://testserver/", "https://é"),
    "Origin": ("null", "http://[", "http://testserver"),
}


def form_body(
    rng: random.Random, offered: dict[str, list[str]], *, odd: float, keep: tuple[str, ...] = ()
) -> dict[str, Any]:
    """A form's fields with values that the page offers, or hostile ones with probability `odd`. For `Sender.send`."""
    pairs = [(name, _field(rng, values, 0 if name in keep else odd)) for name, values in offered.items()]
    if rng.random() < odd:
        pairs.append((text(rng), text(rng)))
    data = urlencode(pairs, errors="replace").encode()
    return {"data": data, "content_type": "application/x-www-form-urlencoded"}


def _field(rng: random.Random, values: list[str], odd: float) -> str:
    return rng.choice(values) if values and rng.random() >= odd else text(rng)
