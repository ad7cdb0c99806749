"""Health and metrics endpoints: status, timeouts, access."""

import re
import threading
from datetime import timedelta

import pytest
from django.db import OperationalError, connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from messaging.models import Circuit, Cursor, QueuePause, State, backlog
from messaging.operations.models import QueueMinute
from messaging.relay import flow
from messaging.telemetry import gauges
from messaging.topology import topology
from shop.health import probes
from tests.api.client import dead
from tests.patience import PATIENCE
from tests.query_plans import indexes_preferred, plans_of

pytestmark = pytest.mark.django_db(transaction=True)
#: Statements about the ledger in one scrape: what waits and what is sent, for the counts and for the drain forecast,
#: and what is dead in each queue.
READS = 4 + len(topology().queues)


@pytest.fixture(autouse=True)
def _patient_probes(monkeypatch):
    monkeypatch.setattr(probes, "TIMEOUT_SECONDS", PATIENCE)
    monkeypatch.setattr(probes, "_kept", {})


def get(path: str, **headers: str):
    return Client().get(path, headers=headers)


def test_liveness_checks_no_dependencies():
    with CaptureQueriesContext(connection) as statements:
        answer = get("/healthz")
    assert (answer.status_code, answer.json()) == (200, {"status": "ok"})
    assert not statements
    assert "no-store" in answer.headers["Cache-Control"]


def test_ready_without_a_broker(no_broker):
    answer = get("/readyz")
    assert answer.status_code == 200
    assert answer.json() == {
        "status": "ok", "database": "ok", "broker": "down", "beat": "not started", "migrations": "ok",
        "static_files": "ok", "problems": [],
    }  # fmt: skip


def test_readiness_reports_the_broker(broker):
    assert get("/readyz").json()["broker"] == "ok"
    Cursor.write(flow.refusals_of(), {"shipping": "it exists with other arguments"})
    assert get("/readyz").json()["broker"] == "refuses queues"


def test_a_process_that_is_not_ready_says_so_once_and_not_at_every_probe(monkeypatch, caplog):
    """A probe comes every few seconds, and each line at level ERROR is a report."""

    def refuse() -> None:
        raise OperationalError

    get("/readyz")
    caplog.set_level("INFO")
    caplog.clear()
    with monkeypatch.context() as its:
        its.setattr(probes, "_probe_database", refuse)
        assert [get("/readyz").status_code for _probe in range(3)] == [503] * 3
    probes._kept.clear()
    assert [get("/readyz").status_code for _probe in range(2)] == [200] * 2
    lines = [one for one in caplog.records if one.name in ("shop.health.views", "django.request")]
    assert [(record.levelname, record.getMessage()) for record in lines] == [
        ("WARNING", "not ready: The database does not answer, or takes no writes."),
        ("INFO", "ready"),
    ]


def test_a_broker_that_is_down_is_logged_once_and_not_at_every_probe(no_broker, monkeypatch, caplog):
    caplog.set_level("INFO")
    monkeypatch.setattr("shop.health.views._broker", [probes.OK])
    for _probe in range(3):
        get("/readyz")
    monkeypatch.setattr(probes, "_probe_broker", lambda: probes.OK)
    for _probe in range(2):
        get("/readyz")
    lines = [(one.levelname, one.getMessage()) for one in caplog.records if "broker" in one.getMessage()]
    assert lines == [("WARNING", "broker: down"), ("INFO", "broker: ok")]


def test_not_ready_without_the_database(monkeypatch):
    def refuse() -> None:
        raise OperationalError("connection refused, password=secret")

    monkeypatch.setattr(probes, "_probe_database", refuse)
    answer = get("/readyz")
    assert answer.status_code == 503
    assert answer.json()["database"] == "down"
    assert (answer.json()["beat"], answer.json()["migrations"]) == ("unknown", "unknown")
    assert answer.json()["problems"] == ["The database does not answer, or takes no writes."]
    assert b"secret" not in answer.content


def test_a_hanging_database_times_out_and_is_probed_once(monkeypatch):
    released, probes_started, probes_ended = threading.Event(), [], []

    def hang() -> None:
        probes_started.append(1)
        released.wait(PATIENCE)
        probes_ended.append(1)

    monkeypatch.setattr(probes, "_probe_database", hang)
    monkeypatch.setattr(probes, "TIMEOUT_SECONDS", 0.1)
    try:
        answers = [get("/readyz") for _ in range(3)]
        assert probes_ended == []
    finally:
        released.set()
    assert {answer.status_code for answer in answers} == {503}
    assert answers[0].json()["database"] == "timed out"
    assert len(probes_started) == 1


def test_metrics_count_messages():
    dead()
    dead(queue="shipping")
    dead(state=State.PENDING, available_at=timezone.now() - timedelta(seconds=30))
    dead(state=State.DONE)
    with CaptureQueriesContext(connection) as statements:
        answer = get("/metrics")
    text = answer.content.decode()
    assert answer.headers["Content-Type"].startswith("text/plain")
    assert 'conveyor_messages{queue="payments",state="dead"} 1.0' in text
    assert 'conveyor_messages{queue="shipping",state="dead"} 1.0' in text
    assert 'conveyor_messages{queue="payments",state="pending"} 1.0' in text
    assert 'conveyor_messages{queue="maintenance",state="sent"} 0.0' in text
    assert 'state="done"' not in text
    assert 30 <= value(text, 'conveyor_oldest_due_seconds{queue="payments"}') < 60
    assert value(text, 'conveyor_oldest_due_seconds{queue="shipping"}') == 0
    assert value(text, 'conveyor_in_flight_limit{queue="payments"}') == 1000
    of_the_ledger = [query for query in statements.captured_queries if "messaging_message" in query["sql"]]
    assert len(of_the_ledger) == READS + Circuit.objects.count()


def test_a_paused_queue_is_not_reported_as_overdue():
    dead(state=State.PENDING, available_at=timezone.now() - timedelta(seconds=30))
    QueuePause.objects.create(queue="payments", reason="a try")
    assert value(get("/metrics").content.decode(), 'conveyor_oldest_due_seconds{queue="payments"}') == 0


def test_metrics_count_up_to_a_bound(monkeypatch):
    for module in (backlog, gauges):
        monkeypatch.setattr(module, "COUNTED", 2)
    for state in (State.PENDING, State.DEAD):
        for _ in range(4):
            dead(state=state)
    text = get("/metrics").content.decode()
    for state in ("pending", "dead"):
        assert value(text, f'conveyor_messages{{queue="payments",state="{state}"}}') == 2


def test_a_failing_metric_leaves_the_others(monkeypatch):
    def broken():
        yield from gauges.queues()
        raise KeyError("a bug")

    monkeypatch.setattr(gauges, "FAMILIES", [broken, *gauges.FAMILIES])
    answer = get("/metrics")
    text = answer.content.decode()
    assert answer.status_code == 200
    assert value(text, 'conveyor_metric_failed{part="broken"}') == 1
    assert value(text, 'conveyor_metric_failed{part="messages"}') == 0
    assert value(text, 'conveyor_queue_paused{queue="payments"}') == 0


def test_metrics_forecast_when_each_queue_is_drained():
    minute = timezone.now().replace(second=0, microsecond=0)
    for queue in ("payments", "notifications"):
        for age in range(4):
            QueueMinute.objects.create(queue=queue, minute=minute - timedelta(minutes=age), done=6)
    for _ in range(3):
        dead(state=State.PENDING, available_at=timezone.now() - timedelta(seconds=30))
    dead(state=State.SENT)
    dead(queue="shipping", state=State.SENT)
    dead(queue="notifications", state=State.SENT)
    QueuePause.objects.create(queue="notifications", reason="a try")
    text = get("/metrics").content.decode()
    assert value(text, 'conveyor_drain_seconds{queue="payments"}') == 40
    assert value(text, 'conveyor_drain_seconds{queue="maintenance"}') == 0
    assert 'conveyor_drain_seconds{queue="shipping"}' not in text, "no rate is known"
    assert 'conveyor_drain_seconds{queue="notifications"}' not in text, "it is paused"


def value(text: str, sample: str) -> float:
    """The value of one sample, which must be there exactly once."""
    (line,) = (line for line in text.splitlines() if line.startswith(f"{sample} "))
    return float(line.rpartition(" ")[2])


def test_metrics_show_open_circuits_and_deferred_messages():
    assert 'conveyor_circuit_open{circuit="gateway.simulated"} 0.0' in get("/metrics").content.decode()
    Circuit.objects.create(pk="gateway.simulated", opened_at=timezone.now())
    dead(state=State.PENDING, waits_for="gateway.simulated")
    text = get("/metrics").content.decode()
    assert 'conveyor_circuit_open{circuit="gateway.simulated"} 1.0' in text
    assert 'conveyor_circuit_waiting{circuit="gateway.simulated"} 1.0' in text


def test_metrics_use_the_partial_indexes():
    dead()
    Circuit.objects.create(pk="gateway.simulated", opened_at=timezone.now())
    with indexes_preferred(), plans_of("messaging_message") as plans:
        get("/metrics")
    assert len(plans) == READS + Circuit.objects.count()
    for plan in plans:
        assert re.search("(INDEX|Index Scan using|Index Only Scan using) messaging_", plan), plan


def test_metrics_are_not_public_in_production(settings):
    settings.CONVEYOR_DEMO = settings.DEBUG = False
    assert get("/metrics").status_code == 404


@pytest.mark.parametrize("demo", [True, False])
def test_metrics_require_the_token_if_one_is_set(settings, demo):
    settings.CONVEYOR_DEMO, settings.METRICS_TOKEN = demo, "s3cret"
    for headers in ({}, {"Authorization": "Bearer wrong"}, {"Authorization": "s3cret"}, {"Authorization": "Bearer é"}):
        assert get("/metrics", **headers).status_code == 401
    assert get("/metrics", Authorization="Bearer s3cret").status_code == 200


@pytest.mark.parametrize("path", ["/healthz", "/readyz", "/metrics"])
def test_machines_are_not_redirected_to_https(settings, path):
    settings.SECURE_SSL_REDIRECT = True
    assert get(path).status_code == 200
    assert get("/").status_code == 301


@pytest.mark.parametrize("path", ["/healthz", "/readyz", "/metrics"])
def test_endpoints_are_read_only(path):
    assert Client().post(path).status_code == 405
