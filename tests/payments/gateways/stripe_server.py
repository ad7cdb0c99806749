"""Fake Stripe server that follows Stripe's documentation, on its own port.

It honours idempotency keys as Stripe does: the first response under a key is repeated, even an error 402 or 500. Other
parameters under a used key are an error 400, a key that is in use a 409; a day later a key is forgotten. `faults` makes
the next requests fail. Browsers get their pages from `stand_in.pages`; `referrers` has the origins
of those that loaded Stripe.js.
Sources: https://docs.stripe.com/api/idempotent_requests, https://docs.stripe.com/api/errors,
https://docs.stripe.com/error-low-level.
"""

import json
import secrets
import threading
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field, replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Self
from urllib.parse import parse_qsl, urlsplit

from tests.patience import PATIENCE
from tests.payments.gateways.stand_in import pages
from tests.payments.gateways.stand_in.methods import Refused
from tests.payments.gateways.stripe_objects import Vault, parse

KEYS_LAST = 86_400


@dataclass(frozen=True)
class Fault:
    """`status` is an error response, or None for a closed connection. Either comes once `held` is set.

    `applied`: the request took effect nevertheless.
    """

    status: int | None = None
    applied: bool = False
    held: threading.Event | None = None


@dataclass
class Answer:
    status: int
    body: dict[str, Any]
    is_replayed: bool = False


@dataclass
class StripeServer:
    """`with StripeServer() as stripe:` serves `stripe.url`; `stripe.vault` holds its objects."""

    vault: Vault = field(default_factory=Vault)
    faults: deque[Fault] = field(default_factory=deque)
    requests: list[tuple[str, str]] = field(default_factory=list)
    answers: dict[str, tuple[str, Answer]] = field(default_factory=dict)
    answered: dict[str, float] = field(default_factory=dict)
    referrers: list[str] = field(default_factory=list)
    busy: set[str] = field(default_factory=set)
    lock: Any = field(default_factory=threading.RLock)

    def __enter__(self) -> Self:
        outer = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self) -> None:
                outer.serve(self, urlsplit(self.path).query)

            def do_POST(self) -> None:
                outer.serve(self, self.rfile.read(int(self.headers.get("Content-Length") or 0)).decode())

            def log_message(self, *args: Any) -> None:
                """Tests print nothing."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self.vault.charges.base = self.url
        threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True).start()
        return self

    def __exit__(self, *error: object) -> None:
        self._server.shutdown()
        self._server.server_close()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._server.server_address[1]}"

    def serve(self, handler: BaseHTTPRequestHandler, form: str) -> None:
        path, key = urlsplit(handler.path).path, handler.headers.get("Idempotency-Key", "")
        with self.lock:
            if path == "/stripe.js":
                self.referrers.append(handler.headers.get("Referer", ""))
            if page := pages.answer(self.vault, handler.command, path, form):
                self.send_page(handler, page)
                return
            self.requests.append((handler.command, path))
            fault = self.faults.popleft() if self.faults else None
        if not handler.headers.get("Authorization", "").startswith("Bearer sk_test_"):
            self.send(handler, error(401, "invalid_request_error", "Invalid API Key provided"))
        elif fault is None:
            self.send(handler, self.answer(handler.command, path, form, key))
        else:
            self.fail(handler, fault, lambda: self.answer(handler.command, path, form, key), key)

    def fail(self, handler: BaseHTTPRequestHandler, fault: Fault, work: Callable[[], Answer], key: str) -> None:
        if fault.applied:
            work()
        if fault.held:
            fault.held.wait(PATIENCE)
        if fault.status is None:
            handler.close_connection = True
            handler.connection.close()
            return
        answer = error(fault.status, "api_error" if fault.status >= 500 else "invalid_request_error", "Not now")
        if fault.status >= 500 and key:
            with self.lock:
                self.answers[key] = (self.answers.get(key, ("", answer))[0], answer)
        self.send(handler, answer)

    def answer(self, method: str, path: str, form: str, key: str) -> Answer:
        if method == "GET" or not key:
            return self.work(method, path, form)
        with self.lock:
            self.forget()
            if key in self.busy:
                return error(
                    409, "idempotency_error", "There is another request under this key", "idempotency_key_in_use"
                )
            known = self.answers.get(key)
            if known is not None and known[0] not in ("", path + form):
                return error(400, "idempotency_error", "Keys can only be used with the same parameters")
            if known is not None:
                return replace(known[1], is_replayed=True)
            self.busy.add(key)
        try:
            answer = self.work(method, path, form)
            self.answers[key], self.answered[key] = (path + form, answer), self.vault.now()
        finally:
            self.busy.discard(key)
        return answer

    def forget(self) -> None:
        """Forget the keys of the day before."""
        for key in [key for key, at in self.answered.items() if at + KEYS_LAST <= self.vault.now()]:
            del self.answered[key]
            self.answers.pop(key, None)

    def work(self, method: str, path: str, form: str) -> Answer:
        with self.lock:
            try:
                return Answer(200, self.vault.call(method, path, parse(parse_qsl(form, keep_blank_values=True))))
            except Refused as refused:
                return Answer(refused.status, {"error": refused.body})

    def send(self, handler: BaseHTTPRequestHandler, answer: Answer) -> None:
        body = json.dumps(answer.body).encode()
        handler.send_response(answer.status)
        handler.send_header("Content-Type", "application/json")
        handler.send_header("Content-Length", str(len(body)))
        if answer.is_replayed:
            handler.send_header("Idempotent-Replayed", "true")
        handler.send_header("Request-Id", f"req_{secrets.token_hex(6)}")
        handler.end_headers()
        with suppress(BrokenPipeError):  # the shop has timed out
            handler.wfile.write(body)

    def send_page(self, handler: BaseHTTPRequestHandler, page: pages.Page) -> None:
        handler.send_response(page.status)
        for name, value in page.headers.items() | {("Content-Length", str(len(page.body)))}:
            handler.send_header(name, value)
        handler.end_headers()
        handler.wfile.write(page.body)


def error(status: int, kind: str, message: str, code: str = "") -> Answer:
    return Answer(status, {"error": {"type": kind, "message": message, "code": code}})
