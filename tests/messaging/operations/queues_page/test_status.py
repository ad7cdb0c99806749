"""Queues page, status: numbers of the ledger and of the broker, estimates, statements."""

import socket
from contextlib import suppress

import pytest
from celery import current_app
from django.conf import settings
from django.utils import timezone

from messaging.broker import inspect
from messaging.models import Cursor, Message, State, backlog
from messaging.operations import actions
from messaging.operations.dashboard import flow, queue_status
from messaging.relay.flow import refusals_of
from messaging.topology import Priority, topology
from tests.factories import client_with
from tests.messaging.operations.queues_page.page import ANN, PAGE, QUEUE, enqueue, finished, row, text

pytestmark = pytest.mark.django_db(transaction=True)


def test_the_admin_index_links_to_the_page(operator):
    assert f'href="{PAGE}"' in text(operator, "/admin/")


def test_table_and_diagram_show_the_ledgers_numbers_while_the_broker_is_down(operator):
    enqueue(2)
    enqueue(3, delay=600)
    (sent,) = enqueue()
    Message.objects.filter(pk=sent.pk).update(state=State.SENT)
    (dead,) = enqueue()
    Message.objects.filter(pk=dead.pk).update(state=State.DEAD, finished_at=timezone.now())
    page = text(operator)
    assert "The broker is unreachable" in page
    assert row(page)[:7] == ["unknown", "2", "3", "1", "?", "?", "?"]
    assert row(page)[9] == "1"
    for words in ("2 pending", "3 scheduled", "1 dead", "? ready", "1 in flight"):
        assert words in page
    assert f'href="/admin/operations/failedtask/?queue={QUEUE}"' in page


def test_a_queue_that_the_broker_refuses_is_shown_with_what_to_do(broker):
    Cursor.write(refusals_of(), {QUEUE: "queue 'maintenance' exists with <other> arguments; delete it there"})
    with current_app.connection_for_read() as link:
        topology().declare(link, [queue for queue in topology().queues if queue != QUEUE])
    page = text(client_with("view_message"))
    assert "The broker is unreachable" not in page
    assert row(page)[0] == "refused by the broker"
    assert row(page, "payments")[0] == "no worker"
    assert "queue &#x27;maintenance&#x27; exists with &lt;other&gt; arguments; delete it there" in page


def test_the_brokers_numbers_are_shown_while_it_is_up(broker, monkeypatch):
    client = client_with("view_message")
    enqueue(5)
    Message.objects.update(state=State.SENT)
    monkeypatch.setattr(queue_status, "ask_broker", lambda: queue_status.Broker(True, {QUEUE: 3}, {QUEUE: 2}))
    page = text(client)
    assert "The broker is unreachable" not in page
    assert row(page)[:7] == ["running", "0", "0", "5", "3", "2", "2"]
    for words in ("3 ready", "2 workers", "2 in progress"):
        assert words in page


def test_a_queue_that_no_worker_consumes_is_not_running(operator, monkeypatch):
    monkeypatch.setattr(queue_status, "ask_broker", lambda: queue_status.Broker(True, {}, {QUEUE: 0, "payments": 1}))
    page = text(operator)
    assert row(page)[0] == "no worker"
    assert row(page, "payments")[0] == "running"
    actions.pause(queue=QUEUE, actor=ANN, reason="a test")
    assert row(text(operator))[0] == "paused"


def test_the_page_gives_up_on_a_hung_broker_after_one_retry(operator, monkeypatch):
    monkeypatch.setattr(inspect, "PATIENCE", 0.1)
    with socket.create_server(("127.0.0.1", 0)) as hung:
        hung.setblocking(False)
        scheme = settings.BROKER_URL.partition("://")[0]
        monkeypatch.setenv("CELERY_BROKER_URL", f"{scheme}://127.0.0.1:{hung.getsockname()[1]}/")
        assert "The broker is unreachable" in text(operator)
        attempts = 0
        with suppress(BlockingIOError):
            while True:
                hung.accept()[0].close()
                attempts += 1
    assert 1 <= attempts <= 2


def test_broker_connections_have_a_short_timeout():
    with current_app.connection_for_read() as connection:
        options = inspect.with_short_timeouts(connection).transport_options
    assert inspect.PATIENCE in (options.get("read_timeout"), options.get("socket_timeout"))


def test_the_live_part_is_a_fragment_and_is_not_cached(operator):
    answer = operator.get(f"{PAGE}live/")
    assert answer.content.decode().lstrip().startswith('<div id="queues-live"')
    assert "no-store" in answer.headers["Cache-Control"]


def test_the_page_takes_the_same_number_of_queries_for_any_number_of_messages(operator, django_assert_max_num_queries):
    operator.get(PAGE)
    enqueue(30, delay=60)
    enqueue(30)
    with django_assert_max_num_queries(32):
        operator.get(PAGE)


def consumed(monkeypatch) -> None:
    monkeypatch.setattr(queue_status, "ask_broker", lambda: queue_status.Broker(True, {}, {QUEUE: 1}))


def test_no_estimate_is_given_while_the_broker_is_unreachable(operator, time_machine):
    enqueue(5)
    time_machine.move_to(timezone.now(), tick=False)
    finished(10, 10)
    page = text(operator)
    assert "0 of 1,000 in flight, 5 waiting in the ledger</p>" in page
    assert (row(page)[0], row(page)[8]) == ("unknown", "–")


def test_a_scheduled_message_counts_its_failed_attempts_as_its_own_page_does(operator):
    (message,) = enqueue(delay=600)
    Message.objects.filter(pk=message.pk).update(attempts=7, replayed_from=4)
    assert "after 7 failed attempts" in text(operator)


def test_a_queue_says_what_is_in_flight_what_waits_and_when_it_is_drained(
    operator, settings, time_machine, monkeypatch
):
    consumed(monkeypatch)
    settings.CONVEYOR_IN_FLIGHT = 1200
    (sent, *_waiting) = enqueue(5)
    Message.objects.filter(pk=sent.pk).update(state=State.SENT)
    assert "1 of 1,200 in flight, 4 waiting in the ledger, none finished in the last minutes" in text(operator)
    time_machine.move_to(timezone.now(), tick=False)
    finished(10, 20, 3)
    page = text(operator)
    assert "1 of 1,200 in flight, 4 waiting in the ledger, drained in about 20 s" in page
    assert row(page)[8] == "20 s"
    actions.pause(queue=QUEUE, actor=ANN, reason="a try")
    assert "1 of 1,200 in flight, 4 waiting in the ledger</p>" in text(operator)


def test_no_estimate_is_given_while_no_worker_consumes(monkeypatch, broker, time_machine):
    monkeypatch.setattr(queue_status, "ask_broker", lambda: queue_status.Broker(True, {QUEUE: 0}, {}))
    enqueue(5)
    time_machine.move_to(timezone.now(), tick=False)
    finished(10, 10)
    page = text(client_with("view_message"))
    assert "No worker consumes this queue" in page
    assert "0 of 1,000 in flight, 5 waiting in the ledger</p>" in page


def test_counting_ends_at_the_bound_and_the_page_says_so(operator, monkeypatch, time_machine):
    consumed(monkeypatch)
    for module in (backlog, flow, queue_status):
        monkeypatch.setattr(module, "COUNTED", 3)
    enqueue(3)
    enqueue(2, priority=Priority.HIGH)
    time_machine.move_to(timezone.now(), tick=False)
    finished(1, 0)
    page = text(operator)
    assert row(page)[1] == "3+"
    assert "3+ waiting in the ledger, drained in more than 3 min" in page


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0.2, "1 s"), (59, "59 s"), (61, "1 min"), (240, "4 min"), (7300, "2 h"), (200_000, "2 days")],
)
def test_durations_are_rounded(seconds, text):
    assert flow.about(seconds) == text
