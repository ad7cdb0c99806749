"""Does the queues' page tell how everything stands, and let operators, and nobody else, do something about it?"""

import re
import time
from datetime import timedelta

import pytest
from celery import current_app
from django.core.management import call_command
from django.test import Client
from django.utils import timezone

from messaging import outbox, pauses
from messaging.broker import queue_status
from messaging.models import Attempt, Circuit, Message, QueuePause, State
from messaging.operations import actions
from messaging.operations.dashboard.bar_chart import chart
from messaging.operations.dashboard.pipeline_diagram import pipeline
from messaging.operations.dashboard.throughput import Slot
from messaging.operations.models import AuditEntry
from messaging.operations.permissions import Actor
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
    """The cells of a queue's row in the table."""
    found = re.search(rf'<a href="#queue-{queue}">.*?</tr>', page)
    assert found
    return [re.sub(r"<[^>]+>", "", cell).strip() for cell in re.findall(r"<td>(.*?)</td>", found.group())]


def test_the_index_of_the_admin_leads_to_the_page(operator):
    assert f'href="{PAGE}"' in text(operator, "/admin/")


def test_table_and_picture_tell_what_the_ledger_knows_while_the_broker_is_down(operator):
    enqueue(2)
    enqueue(3, delay=600)
    (sent,) = enqueue()
    Message.objects.filter(pk=sent.pk).update(state=State.SENT)
    (dead,) = enqueue()
    Message.objects.filter(pk=dead.pk).update(state=State.DEAD, finished_at=timezone.now())
    page = text(operator)
    assert "The broker does not answer" in page
    assert row(page)[:6] == ["runs", "2", "3", "?", "?", "?"]
    assert row(page)[7] == "1"
    for words in ("2 to be sent", "3 scheduled", "1 dead", "ready: unknown", "1 sent"):
        assert words in page
    assert f'href="/admin/operations/failedtask/?queue={QUEUE}"' in page


def test_the_broker_s_numbers_are_told_while_it_is_up(broker, monkeypatch):
    client = client_with("view_message")
    enqueue(5)
    Message.objects.update(state=State.SENT)
    monkeypatch.setattr(queue_status, "_ask_broker", lambda: ({QUEUE: 3}, {QUEUE: 2}))
    page = text(client)
    assert "The broker does not answer" not in page
    assert row(page)[:6] == ["runs", "0", "0", "3", "2", "2"]
    for words in ("3 ready", "2 workers", "2 in hand"):
        assert words in page


def test_a_broker_that_is_down_does_not_keep_anybody_waiting(operator):
    started = time.monotonic()
    operator.get(PAGE)
    assert time.monotonic() - started < 6


def test_the_broker_is_asked_with_little_patience():
    with current_app.connection_for_read() as connection:
        options = queue_status._impatient(connection).transport_options
    assert queue_status.PATIENCE in (options.get("read_timeout"), options.get("socket_timeout"))


def test_charts_tell_how_much_went_through_and_how_much_failed(operator):
    messages = enqueue(3)
    Message.objects.update(state=State.DONE, finished_at=timezone.now())
    Attempt.objects.create(message=messages[0], number=1, error_type="Bug")
    page = text(operator)
    assert '3 succeeded, <span class="chart-key">1 failed attempts</span> (25.0 %)' in page
    assert page.count('<svg viewBox="0 0 360 60"') == 8


def test_a_pause_asks_for_a_reason_and_is_shown_to_everybody(operator, viewer):
    assert "Tasks that have begun come to their end" in text(operator, f"{PAGE}{QUEUE}/pause/")
    refused = operator.post(f"{PAGE}{QUEUE}/pause/", {"reason": " "}).content.decode()
    assert "without a reason nothing is paused" in refused
    assert pauses.paused() == frozenset()
    operator.post(f"{PAGE}{QUEUE}/pause/", {"reason": "<b>the bank</b>"})
    assert pauses.paused() == {QUEUE}
    for client in (operator, viewer):
        page = text(client)
        assert row(page)[0] == "paused"
        assert "&lt;b&gt;the bank&lt;/b&gt;" in page
        assert "<b>the bank" not in page
    told = operator.post(f"{PAGE}{QUEUE}/pause/", {"reason": "again"}, follow=True).content.decode()
    assert "has been paused by" in told


def test_a_resume_lets_it_go_on_and_the_pause_stays_to_be_read(operator):
    actions.pause(queue=QUEUE, actor=ANN, reason="a try")
    assert f"Resume {QUEUE}" in text(operator)
    assert "goes on" in operator.post(f"{PAGE}{QUEUE}/resume/", follow=True).content.decode()
    assert pauses.paused() == frozenset()
    page = text(operator)
    assert "Earlier pauses" in page
    assert "by ann, ended by user" in page
    assert "is not paused" in operator.post(f"{PAGE}{QUEUE}/resume/", follow=True).content.decode()


def test_what_waits_for_its_time_is_sent_now_one_or_all(operator):
    first = enqueue(delay=60, subject="CV-7")[0]
    enqueue(3, delay=600)
    assert "Send all 4 now" in text(operator)
    told = operator.post(f"{PAGE}run-now/{first.pk}/", follow=True).content.decode()
    assert "The message is sent now." in told
    told = operator.post(f"{PAGE}run-now/{first.pk}/", follow=True).content.decode()
    assert "does not wait for its time any more" in told
    assert "3 messages are sent now." in operator.post(f"{PAGE}{QUEUE}/run-now/", follow=True).content.decode()
    assert Message.objects.due(now=timezone.now()).count() == 4
    assert AuditEntry.objects.count() == 2


def test_the_next_five_are_listed_in_their_order(operator):
    for minutes in (30, 10, 20, 40, 50, 60):
        enqueue(delay=60 * minutes, subject=f"in {minutes}")
    page = text(operator)
    assert re.findall(r"</a> in (\d+)", page) == ["10", "20", "30", "40", "50"]


DEEDS = [f"{QUEUE}/pause/", f"{QUEUE}/resume/", f"{QUEUE}/run-now/", "run-now/01a20db0-93b6-76a4-a7eb-044c283422e2/"]


@pytest.mark.parametrize("deed", DEEDS)
def test_a_viewer_who_forges_a_post_is_refused(viewer, deed):
    QueuePause.objects.create(queue=QUEUE, reason="a try")
    (message,) = enqueue(delay=60)
    page = text(viewer)
    assert "<form" not in page.partition('id="queues-live"')[2]
    assert viewer.post(PAGE + deed, {"reason": "x"}).status_code == 403
    assert pauses.paused() == {QUEUE}
    message.refresh_from_db()
    assert message.available_at > timezone.now()
    assert not AuditEntry.objects.exists()


@pytest.mark.parametrize("deed", DEEDS[1:])
def test_nothing_is_changed_by_a_get(operator, deed):
    assert operator.get(PAGE + deed).status_code == 405


def test_staff_without_the_permission_see_nothing(no_broker):
    client = client_with()
    for path in (PAGE, f"{PAGE}live/"):
        assert client.get(path).status_code == 403


@pytest.mark.parametrize("deed", ["pause", "resume", "run-now"])
def test_a_queue_that_is_not_declared_is_not_found(operator, deed):
    assert operator.post(f"{PAGE}paymants/{deed}/", {"reason": "a slip"}).status_code == 404


def test_the_live_part_is_the_part_that_changes_and_is_never_kept(operator):
    answer = operator.get(f"{PAGE}live/")
    assert answer.content.decode().lstrip().startswith('<div id="queues-live"')
    assert "no-store" in answer.headers["Cache-Control"]


def test_the_page_costs_the_same_however_much_waits(operator, django_assert_max_num_queries):
    operator.get(PAGE)
    enqueue(30, delay=60)
    enqueue(30)
    with django_assert_max_num_queries(22):
        operator.get(PAGE)


def test_one_failure_among_thousands_is_seen():
    now = timezone.now()
    drawn = chart([Slot(now, 5000, 1), Slot(now + timedelta(minutes=1)), Slot(now, 2500, 0)])
    first, last = drawn.bars
    assert (first.done_height, first.failed_height, last.done_height) == (57, 2, 28)
    assert first.failed_y >= 0
    assert (drawn.done, drawn.failed, drawn.peak) == (7500, 1, 5001)
    assert chart([Slot(now)]).rate == 0


def test_each_queue_has_its_lane_within_the_picture(no_broker):
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


def test_the_page_tells_which_outside_system_is_down_and_what_waits_for_it(operator, viewer):
    assert "Outside systems" in text(operator)
    assert "Try now" not in text(operator)
    circuit = down()
    (waiting,) = enqueue(delay=3600)
    Message.objects.filter(pk=waiting.pk).update(waits_for=circuit.name)
    page = text(operator)
    for words in ("Payment gateway", "open", "no answer", "Try now"):
        assert words in page
    assert "Try now" not in text(viewer)
    Circuit.objects.update(probing_since=timezone.now())
    assert "half-open, probing" in text(operator)


def test_an_operator_has_a_system_tried_and_a_viewer_does_not(operator, viewer):
    path = f"{PAGE}circuits/gateway.simulated/probe/"
    circuit = down()
    (waiting,) = enqueue(delay=3600)
    Message.objects.filter(pk=waiting.pk).update(waits_for=circuit.name)
    assert viewer.post(path).status_code == 403
    assert operator.get(path).status_code == 405
    assert not Message.objects.due(now=timezone.now()).exists()
    assert "is sent now" in text_after(operator, path)
    assert AuditEntry.objects.get().action == "probe circuit"
    assert Message.objects.due(now=timezone.now()).get() == waiting
    Message.objects.all().delete()
    assert "No message waits for gateway.simulated" in text_after(operator, path)
    Circuit.objects.update(opened_at=None)
    assert "is not open" in text_after(operator, path)


def text_after(client: Client, path: str) -> str:
    return client.post(path, follow=True).content.decode()


def test_what_people_typed_as_a_reason_is_masked_everywhere(operator, capsys):
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
