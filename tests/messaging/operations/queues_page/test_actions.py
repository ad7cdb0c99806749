"""Queues page, actions: pause, resume, run now, and who may."""

import re

import pytest
from django.core.management import call_command
from django.utils import timezone

from messaging import pauses
from messaging.models import QueuePause
from messaging.operations import actions
from messaging.operations.models import AuditEntry
from tests.factories import client_with
from tests.messaging.deliver import claimable
from tests.messaging.operations.queues_page.page import ANN, PAGE, QUEUE, enqueue, row, text, text_after

pytestmark = pytest.mark.django_db(transaction=True)
ACTIONS = [f"{QUEUE}/pause/", f"{QUEUE}/resume/", f"{QUEUE}/run-now/", "run-now/01a20db0-93b6-76a4-a7eb-044c283422e2/"]


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


def test_scheduled_messages_are_run_now_one_or_all(operator):
    first = enqueue(delay=60, subject="CV-7")[0]
    enqueue(3, delay=600)
    assert "Run all 4 now" in text(operator)
    assert "1 message queued to run now." in text_after(operator, f"{PAGE}run-now/{first.pk}/")
    assert "is no longer scheduled" in text_after(operator, f"{PAGE}run-now/{first.pk}/")
    assert "3 messages queued to run now." in text_after(operator, f"{PAGE}{QUEUE}/run-now/")
    assert len(claimable()) == 4
    assert AuditEntry.objects.count() == 2


@pytest.mark.parametrize("seen", ["earlier", "9" * 40, "\u0661", "x"])
def test_a_page_of_an_earlier_pause_does_not_end_a_later_one(operator, seen):
    earlier = actions.pause(queue=QUEUE, actor=ANN, reason="first")
    actions.resume(queue=QUEUE, actor=ANN)
    later = actions.pause(queue=QUEUE, actor=ANN, reason="second")
    assert f'name="seen" value="{later.pk}"' in operator.get(PAGE).text
    data = {"seen": str(earlier.pk) if seen == "earlier" else seen}
    shown = operator.post(f"{PAGE}{QUEUE}/resume/", data, follow=True).text
    assert f"The queue {QUEUE} was paused anew, by ann: second. It stays paused" in shown
    assert QUEUE in pauses.paused()
    assert f"Queue {QUEUE} resumed." in operator.post(f"{PAGE}{QUEUE}/resume/", {"seen": later.pk}, follow=True).text


def test_what_is_run_now_in_a_paused_queue_runs_once_it_is_resumed(operator):
    first = enqueue(delay=60)[0]
    enqueue(2, delay=600)
    actions.pause(queue=QUEUE, actor=ANN, reason="a test")
    one = text_after(operator, f"{PAGE}run-now/{first.pk}/")
    assert f"1 message is due now. It runs once the queue {QUEUE} is resumed." in one
    rest = text_after(operator, f"{PAGE}{QUEUE}/run-now/")
    assert f"2 messages are due now. They run once the queue {QUEUE} is resumed." in rest
    assert "queued to run now" not in one + rest


def test_the_next_five_scheduled_messages_are_listed_in_order(operator):
    for minutes in (30, 10, 20, 40, 50, 60):
        enqueue(delay=60 * minutes, subject=f"in {minutes}")
    page = text(operator)
    assert re.findall(r'class="queues-subject">in (\d+)', page) == ["10", "20", "30", "40", "50"]


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
