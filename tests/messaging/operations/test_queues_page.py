"""Queues page: status, charts, pause and resume, run now, probe, permissions."""

import re
import socket
from contextlib import suppress
from datetime import timedelta

import pytest
from celery import current_app
from django.conf import settings
from django.core.management import call_command
from django.test import Client
from django.utils import timezone

from messaging import outbox, pauses
from messaging.broker import inspect
from messaging.models import Attempt, Circuit, Message, QueuePause, State, backlog
from messaging.operations import actions
from messaging.operations.dashboard import flow, queue_status
from messaging.operations.dashboard.bar_chart import chart
from messaging.operations.dashboard.pipeline_diagram import pipeline
from messaging.operations.dashboard.throughput import Slot
from messaging.operations.models import AuditEntry, QueueMinute
from messaging.operations.permissions import Actor
from messaging.topology import Priority
from tests.messaging.operations.test_message_admin import client_with
from tests.messaging.samples import Sample

pytestmark = pytest.mark.django_db(transaction=True)
PAGE = "/admin/operations/queues/"
QUEUE = "maintenance"
ANN = Actor.system("ann")


@pytest.fixture
def operator(no_broker) -> Client:
    return client_with("view_message", "view_failedtask", "retry_message", "pause_queue")


@pytest.fixture
def viewer(no_broker) -> Client:
    return client_with("view_message")


def text(client: Client, path: str = PAGE, **data) -> str:
    return " ".join(client.get(path, data).content.decode().split())


def enqueue(count: int = 1, **options) -> list[Message]:
    with outbox.transaction():
        return [outbox.enqueue(Sample(text=str(n)), **options) for n in range(count)]


def row(page: str, queue: str = QUEUE) -> list[str]:
    """The cells of a queue's table row."""
    found = re.search(rf'<a href="#queue-{queue}">.*?</tr>', page)
    assert found
    return [re.sub(r"<[^>]+>", "", cell).strip() for cell in re.findall(r"<td>(.*?)</td>", found.group())]


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
    assert row(page)[:7] == ["running", "2", "3", "1", "?", "?", "?"]
    assert row(page)[9] == "1"
    for words in ("2 pending", "3 scheduled", "1 dead", "ready: unknown", "1 in flight"):
        assert words in page
    assert f'href="/admin/operations/failedtask/?queue={QUEUE}"' in page


def test_the_brokers_numbers_are_shown_while_it_is_up(broker, monkeypatch):
    client = client_with("view_message")
    enqueue(5)
    Message.objects.update(state=State.SENT)
    monkeypatch.setattr(queue_status, "_ask_broker", lambda: ({QUEUE: 3}, {QUEUE: 2}))
    page = text(client)
    assert "The broker is unreachable" not in page
    assert row(page)[:7] == ["running", "0", "0", "5", "3", "2", "2"]
    for words in ("3 ready", "2 workers", "2 in progress"):
        assert words in page


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


def test_charts_show_throughput_and_failures(operator):
    messages = enqueue(3)
    Message.objects.update(state=State.DONE, finished_at=timezone.now())
    Attempt.objects.create(message=messages[0], number=1, error_type="Bug")
    page = text(operator)
    assert '3 succeeded, <span class="chart-key">1 failed attempts</span> (25.0 %)' in page
    assert page.count('<svg viewBox="0 0 360 60"') == 8


def test_a_pause_requires_a_reason_and_is_shown_to_everybody(operator, viewer):
    assert "Running tasks will finish" in text(operator, f"{PAGE}{QUEUE}/pause/")
    refused = operator.post(f"{PAGE}{QUEUE}/pause/", {"reason": " "}).content.decode()
    assert "A reason is required" in refused
    assert pauses.paused() == frozenset()
    operator.post(f"{PAGE}{QUEUE}/pause/", {"reason": "<b>the bank</b>"})
    assert pauses.paused() == {QUEUE}
    for client in (operator, viewer):
        page = text(client)
        assert row(page)[0] == "paused"
        assert "&lt;b&gt;the bank&lt;/b&gt;" in page
        assert "<b>the bank" not in page
    second = operator.post(f"{PAGE}{QUEUE}/pause/", {"reason": "again"}, follow=True).content.decode()
    assert "has been paused by" in second


def test_a_resume_ends_the_pause_which_stays_in_the_list(operator):
    actions.pause(queue=QUEUE, actor=ANN, reason="a try")
    assert "Resume queue" in text(operator)
    assert f"Queue {QUEUE} resumed." in operator.post(f"{PAGE}{QUEUE}/resume/", follow=True).content.decode()
    assert pauses.paused() == frozenset()
    page = text(operator)
    assert "Earlier pauses" in page
    assert "paused by ann, resumed by user" in page
    assert "is not paused" in operator.post(f"{PAGE}{QUEUE}/resume/", follow=True).content.decode()


def test_scheduled_messages_are_run_now_one_or_all(operator):
    first = enqueue(delay=60, subject="CV-7")[0]
    enqueue(3, delay=600)
    assert "Run all 4 now" in text(operator)
    assert "1 message queued to run now." in text_after(operator, f"{PAGE}run-now/{first.pk}/")
    assert "is no longer scheduled" in text_after(operator, f"{PAGE}run-now/{first.pk}/")
    assert "3 messages queued to run now." in text_after(operator, f"{PAGE}{QUEUE}/run-now/")
    assert Message.objects.due(now=timezone.now()).count() == 4
    assert AuditEntry.objects.count() == 2


def test_the_next_five_scheduled_messages_are_listed_in_order(operator):
    for minutes in (30, 10, 20, 40, 50, 60):
        enqueue(delay=60 * minutes, subject=f"in {minutes}")
    page = text(operator)
    assert re.findall(r"</a> in (\d+)", page) == ["10", "20", "30", "40", "50"]


ACTIONS = [f"{QUEUE}/pause/", f"{QUEUE}/resume/", f"{QUEUE}/run-now/", "run-now/01a20db0-93b6-76a4-a7eb-044c283422e2/"]


@pytest.mark.parametrize("action", ACTIONS)
def test_a_forged_post_by_a_viewer_is_refused(viewer, action):
    QueuePause.objects.create(queue=QUEUE, reason="a try")
    (message,) = enqueue(delay=60)
    page = text(viewer)
    assert "<form" not in page.partition('id="queues-live"')[2]
    assert viewer.post(PAGE + action, {"reason": "x"}).status_code == 403
    assert pauses.paused() == {QUEUE}
    message.refresh_from_db()
    assert message.available_at > timezone.now()
    assert not AuditEntry.objects.exists()


@pytest.mark.parametrize("action", ACTIONS[1:])
def test_actions_require_post(operator, action):
    assert operator.get(PAGE + action).status_code == 405


def test_staff_without_the_permission_see_nothing(no_broker):
    client = client_with()
    for path in (PAGE, f"{PAGE}live/"):
        assert client.get(path).status_code == 403


@pytest.mark.parametrize("action", ["pause", "resume", "run-now"])
def test_an_undeclared_queue_is_not_found(operator, action):
    assert operator.post(f"{PAGE}paymants/{action}/", {"reason": "a slip"}).status_code == 404


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


def test_a_queue_says_what_is_in_flight_what_waits_and_when_it_is_drained(operator, settings):
    settings.CONVEYOR_IN_FLIGHT = 1200
    (sent, *_waiting) = enqueue(5)
    Message.objects.filter(pk=sent.pk).update(state=State.SENT)
    assert "1 of 1,200 in flight, 4 waiting in the ledger, none finished in the last minutes" in text(operator)
    this_minute = timezone.now().replace(second=0, microsecond=0)
    for age, done in ((2, 10), (1, 20), (0, 3)):
        QueueMinute.objects.create(queue=QUEUE, minute=this_minute - timedelta(minutes=age), done=done)
    page = text(operator)
    assert "1 of 1,200 in flight, 4 waiting in the ledger, drained in about 20 s" in page
    assert row(page)[8] == "20 s"
    actions.pause(queue=QUEUE, actor=ANN, reason="a try")
    assert "1 of 1,200 in flight, 4 waiting in the ledger</p>" in text(operator)


def test_no_estimate_is_given_while_no_worker_consumes(monkeypatch, broker):
    monkeypatch.setattr(queue_status, "_ask_broker", lambda: ({QUEUE: 0}, {}))
    enqueue(5)
    for age in (0, 1):
        QueueMinute.objects.create(queue=QUEUE, minute=timezone.now() - timedelta(minutes=age), done=10)
    page = text(client_with("view_message"))
    assert "No worker consumes this queue" in page
    assert "0 of 1,000 in flight, 5 waiting in the ledger</p>" in page


def test_counting_ends_at_the_bound_and_the_page_says_so(operator, monkeypatch):
    for module in (backlog, flow, queue_status):
        monkeypatch.setattr(module, "COUNTED", 3)
    enqueue(3)
    enqueue(2, priority=Priority.HIGH)
    QueueMinute.objects.create(queue=QUEUE, minute=timezone.now() - timedelta(minutes=1), done=1)
    QueueMinute.objects.create(queue=QUEUE, minute=timezone.now())
    page = text(operator)
    assert row(page)[1] == "3+"
    assert "3+ waiting in the ledger, drained in more than 3 min" in page


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0.2, "1 s"), (59, "59 s"), (61, "1 min"), (240, "4 min"), (7300, "2 h"), (200_000, "2 days")],
)
def test_durations_are_rounded(seconds, text):
    assert flow.about(seconds) == text


def test_one_failure_among_thousands_is_visible():
    now = timezone.now()
    drawn = chart([Slot(now, 5000, 1), Slot(now + timedelta(minutes=1)), Slot(now, 2500, 0)])
    first, last = drawn.bars
    assert (first.done_height, first.failed_height, last.done_height) == (57, 2, 28)
    assert first.failed_y >= 0
    assert (drawn.done, drawn.failed, drawn.peak) == (7500, 1, 5001)
    assert chart([Slot(now)]).rate == 0


def test_each_queue_has_its_lane_within_the_diagram(no_broker):
    drawn = pipeline(queue_status.queue_rows())
    assert [lane.row.name for lane in drawn.lanes] == ["payments", "shipping", "notifications", "maintenance"]
    for lane in drawn.lanes:
        assert lane.dead.right <= drawn.width
        assert lane.queue.y + lane.queue.height <= drawn.height
    assert drawn.ledger.y >= 0


def down(**changes) -> Circuit:
    now = timezone.now()
    fields = {"opened_at": now, "probe_at": now + timedelta(hours=1), "last_error": "no answer"}
    return Circuit.objects.create(pk="gateway.simulated", **(fields | changes))


def test_an_open_circuit_and_its_deferred_messages_are_shown(operator, viewer):
    assert "Outside systems" in text(operator)
    assert "Probe now" not in text(operator)
    circuit = down()
    (waiting,) = enqueue(delay=3600)
    Message.objects.filter(pk=waiting.pk).update(waits_for=circuit.name)
    page = text(operator)
    for words in ("Payment gateway", "down", "no answer", "Probe now"):
        assert words in page
    assert "Probe now" not in text(viewer)
    Circuit.objects.update(probing_since=timezone.now())
    assert "half-open, probing" in text(operator)


def test_an_operator_probes_a_circuit_and_a_viewer_may_not(operator, viewer):
    path = f"{PAGE}circuits/gateway.simulated/probe/"
    circuit = down()
    (waiting,) = enqueue(delay=3600)
    Message.objects.filter(pk=waiting.pk).update(waits_for=circuit.name)
    assert viewer.post(path).status_code == 403
    assert operator.get(path).status_code == 405
    assert not Message.objects.due(now=timezone.now()).exists()
    assert "Probing gateway.simulated now" in text_after(operator, path)
    assert AuditEntry.objects.get().action == "probe circuit"
    assert Message.objects.due(now=timezone.now()).get() == waiting
    Message.objects.all().delete()
    assert "No deferred message needs gateway.simulated" in text_after(operator, path)
    Circuit.objects.update(opened_at=None)
    assert "is not open" in text_after(operator, path)


def text_after(client: Client, path: str) -> str:
    return client.post(path, follow=True).content.decode()


def test_personal_data_in_a_reason_is_masked_everywhere(operator, capsys):
    reason = "ada@example.com complained, call +44 20 7946 0958"
    actions.pause(queue=QUEUE, actor=ANN, reason=reason)
    assert "ada@" not in text(operator)
    call_command("queue", "list")
    assert "ada@" not in capsys.readouterr().out
    with pytest.raises(actions.AlreadyPaused) as fault:
        actions.pause(queue=QUEUE, actor=ANN, reason="again")
    assert "ada@" not in str(fault.value)
    actions.resume(queue=QUEUE, actor=ANN, reason=reason)
    page = text(operator)
    assert "Earlier pauses" in page
    assert "complained" in page
    assert "ada@" not in page
    assert "7946" not in page
    records = client_with("view_auditentry")
    assert "ada@" not in text(records, "/admin/operations/auditentry/")
    entry = AuditEntry.objects.earliest("id")
    assert entry.reason == reason
    assert "ada@" not in text(records, f"/admin/operations/auditentry/{entry.pk}/change/")
