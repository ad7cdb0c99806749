"""Collectors of traces and errors that answer without end, or send elsewhere: bounded, and nothing is sent there."""

import pytest
import sentry_sdk
import urllib3
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SpanExportResult

from config.telemetry import apps, sentry
from config.telemetry.sentry import BoundedTransport
from messaging.telemetry import exporting
from tests.orders.bounded import hostile
from tests.patience import PATIENCE

ANSWERS = hostile.answers()
SHORT = [hostile.OK + b"Content-Length: 2\r\n\r\n{}"]


def export(url, monkeypatch, tmp_path):
    """Export one span over OTLP, in at most three seconds."""
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", url)
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_HEADERS", "x-key=secret")
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_TIMEOUT", "3")
    span = TracerProvider(shutdown_on_exit=False).get_tracer("tests").start_span("shown")
    span.end()
    return exporting.exporter("otlp", path=tmp_path / "unused", session=apps.session()).export([span])


@pytest.mark.parametrize("name", ["long", "long once unpacked", "slow body", "slow header"])
def test_an_answer_of_the_collector_is_bounded(monkeypatch, tmp_path, name):
    with hostile.serving(ANSWERS[name]) as server:
        assert export(server.url, monkeypatch, tmp_path) is SpanExportResult.FAILURE


def test_a_session_of_another_package_is_left_to_it(monkeypatch):
    assert apps.session() is not None
    monkeypatch.setenv(apps.CREDENTIALS[0], "acme")
    assert apps.session() is None


class Noted(BoundedTransport):
    """Keeps what requests ended in, and waits less long."""

    TIMEOUT = 3
    ends: list[object]

    def _request(self, *args, **options):
        try:
            answer = super()._request(*args, **options)
        except Exception as error:
            self.ends.append(error)
            raise
        self.ends.append(answer)
        return answer


def report(url, monkeypatch):
    """Report one error to Sentry. Returns what the request ended in."""
    monkeypatch.setattr(Noted, "ends", [], raising=False)
    client = sentry_sdk.Client(dsn=f"{url.replace('//', '//key@')}/1", transport=Noted, auto_session_tracking=False)
    client.capture_event({"message": "shown", "level": "error"})
    client.flush(timeout=PATIENCE)
    client.close(timeout=0)
    return Noted.ends[0]


@pytest.mark.parametrize("name", ["long", "slow body", "slow header"])
def test_an_answer_of_sentry_is_bounded(monkeypatch, name):
    with hostile.serving(ANSWERS[name]) as server:
        assert isinstance(report(server.url, monkeypatch), urllib3.exceptions.HTTPError)


def test_an_answer_of_sentry_is_not_unpacked(monkeypatch):
    parts = ANSWERS["long once unpacked"]
    with hostile.serving(parts) as server:
        assert len(report(server.url, monkeypatch).data) == len(parts[1])


def test_the_key_is_sent_nowhere_else(monkeypatch):
    with hostile.serving(SHORT) as other, hostile.serving(hostile.redirect(307, f"{other.url}/elsewhere")) as server:
        assert report(server.url, monkeypatch).status == 307
        assert other.requests == []


def test_a_process_reports_by_the_bounded_transport(monkeypatch):
    given = {}
    monkeypatch.setattr(sentry_sdk, "init", lambda **options: given.update(options))
    monkeypatch.setattr(sentry.message_died, "connect", lambda receiver: None)
    monkeypatch.setattr(sentry.endings, "at_exit", lambda flush: None)
    sentry.start(dsn="https://key@sentry.example/1", environment="tests", release="")
    assert given["transport"] is BoundedTransport
