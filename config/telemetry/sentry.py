"""Errors to Sentry: one report of each dead message and of each unexpected exception, none of expected retries.

Reports are sent by a thread of their own with a bounded queue. Sentry's integration of Celery is not used: it would
report each failed task a second time, and add headers to messages.
"""

import logging
import sys
from collections.abc import Mapping
from typing import Any, Final
from urllib.parse import urlsplit

import sentry_sdk
from django.db import transaction
from sentry_sdk.integrations.atexit import AtexitIntegration
from sentry_sdk.integrations.django import DjangoIntegration
from sentry_sdk.integrations.logging import LoggingIntegration, ignore_logger
from sentry_sdk.transport import HttpTransport
from sentry_sdk.types import Event

from config.telemetry.json_lines import subject_fields
from config.telemetry.paths import private
from messaging.hooks.next_steps import recorded_name
from messaging.models import Message
from messaging.operations.privacy.masking import mask, mask_text
from messaging.signals import message_died
from messaging.telemetry import endings
from orders.bounded.http import bound_pools
from shop.site import database_outage

FLUSH_SECONDS: Final = 2.0
#: Loggers of failed deliveries, which the ledger records: the dead ones are reported from there.
RECORDED: Final = ("celery.app.trace", "celery.worker.request", "messaging.worker.task", "multiprocessing")
#: Parts of an event in which anything may have been written.
_TEXTS: Final = ("message", "logentry", "exception", "breadcrumbs", "transaction", "tags")
_HEADERS: Final = ("Content-Type", "Content-Length", "Host", "User-Agent")
#: Levels of an event, beyond which nothing is sent.
_MAX_DEPTH: Final = 12
_NO_RECORD: Final = logging.LogRecord("", logging.ERROR, "", 0, "", None, None)


def start(*, dsn: str, environment: str, release: str) -> None:
    """Report errors of this process, and of those that it forks, from now on."""
    sentry_sdk.init(
        dsn=dsn,
        environment=environment,
        release=release or None,
        include_local_variables=False,
        max_request_body_size="never",
        max_breadcrumbs=30,
        auto_session_tracking=False,
        trace_propagation_targets=[],
        shutdown_timeout=FLUSH_SECONDS,
        transport=BoundedTransport,
        auto_enabling_integrations=False,
        integrations=[
            DjangoIntegration(middleware_spans=False, signals_spans=False, cache_spans=False),
            LoggingIntegration(event_level=logging.ERROR),
            AtexitIntegration(callback=lambda pending, timeout: None),  # it would print
        ],
        before_send=clean,
    )
    for name in RECORDED:
        ignore_logger(name)
    message_died.connect(report_dead)
    endings.at_exit(_flush)


class BoundedTransport(HttpTransport):
    """Follows no redirect, and bounds what Sentry may answer in time and bytes. Its content is not unpacked."""

    def _make_pool(self) -> Any:
        pool = super()._make_pool()
        bound_pools(pool)
        return pool

    def _request(self, method: str, endpoint_type: Any, body: Any, headers: Mapping[str, str]) -> Any:
        url = self._auth.get_api_url(endpoint_type)
        return self._pool.request(method, url, body=body, headers=headers, redirect=False, decode_content=False)


def report_dead(message: Message, **_sent: Any) -> None:
    """Receiver of `message_died`. The error is the one being handled, where the worker died of none."""
    error = sys.exc_info()[1]
    if error is not None and recorded_name(type(error)) != message.error_type:
        error = None
    transaction.on_commit(lambda: _capture(message, error), robust=True)


def _capture(message: Message, error: BaseException | None) -> None:
    with sentry_sdk.new_scope() as scope:
        scope.set_tags({"message": str(message.pk), "task": message.task, "queue": message.queue})
        scope.set_tags({"trace": message.correlation_id.hex, "attempts": str(message.attempts)})
        if message.subject:
            scope.set_tag("order", message.subject)
        if message.fingerprint:
            scope.fingerprint = [message.fingerprint]  # as the desk groups failures
        if error is not None:
            scope.capture_exception(error)
        else:
            text = f"{message.task} is dead: {message.error_type}: {message.error_message}"
            scope.capture_message(text, level="error")


def clean(event: Event, hint: Mapping[str, Any]) -> Event | None:
    """The event without personal data, tagged with the message, task, order and trace that it is about.

    None for a request that met an outage of the database: the line that is logged about it once a minute is reported.
    Raises whatever it cannot handle; the SDK then sends nothing.
    """
    error = (hint.get("exc_info") or (None, None))[1]
    if "request" in event and error is not None and database_outage.is_outage(error):
        return None
    known: dict[str, Any] = dict(event)
    found = subject_fields(hint.get("log_record") or _NO_RECORD)
    names = {"message_id": "message", "task": "task", "order": "order", "trace": "trace"}
    tags = {tag: found[name] for name, tag in names.items() if name in found}
    known["tags"] = tags | dict(known.get("tags") or {})
    known |= {name: _masked(known[name]) for name in _TEXTS if name in known}
    known["extra"] = mask(dict(known.get("extra") or {}))
    known.pop("user", None)
    if "request" in known:
        known["request"] = _request(known["request"])
    return known  # type: ignore[return-value]


def _masked(value: Any, depth: int = 0) -> Any:
    if depth == _MAX_DEPTH:
        return None
    if isinstance(value, str):
        return mask_text(value)
    if isinstance(value, Mapping):
        return {key: _masked(item, depth + 1) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_masked(item, depth + 1) for item in value]
    return value


def _request(request: Mapping[str, Any]) -> dict[str, Any]:
    """Method, path and harmless headers: no query, no cookies, no address of the client."""
    url = urlsplit(str(request.get("url") or ""))
    headers = {name: value for name, value in dict(request.get("headers") or {}).items() if name in _HEADERS}
    address = f"{url.scheme}://{url.hostname}{mask_text(private(url.path))}" if url.hostname else ""
    return {"method": request.get("method"), "url": address, "headers": headers}


def _flush() -> None:
    sentry_sdk.flush(timeout=FLUSH_SECONDS)
