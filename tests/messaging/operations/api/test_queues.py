"""Queues in the API: what waits, pause and resume."""

from datetime import timedelta

import pytest
from django.core.management import call_command
from django.utils import timezone

from messaging.models import Cursor, Message, State
from messaging.operations.dashboard import queue_status
from messaging.operations.models import AuditEntry
from messaging.relay import flow
from tests.api.client import dead, get, operator, post, problem, token_of

pytestmark = pytest.mark.django_db


def test_queues_show_waiting_and_dead_messages(monkeypatch, time_machine):
    time_machine.move_to(timezone.now(), tick=False)
    monkeypatch.setattr(queue_status, "ask_broker", lambda: queue_status.Broker(True, {"payments": 7}, {"payments": 2}))
    dead()
    Message.objects.filter(pk=dead().pk).update(
        state=State.PENDING, available_at=timezone.now() - timedelta(seconds=30)
    )
    page = get("/queues/", token=operator()).json()
    rows = {row["name"]: row for row in page["results"]}
    assert set(rows) == {"payments", "shipping", "notifications", "maintenance"}
    assert page["count"] == 4
    payments = rows["payments"]
    assert payments == {
        "name": "payments", "depth": 7, "consumers": 2, "oldest_seconds": 30, "dead": 1, "paused": False,
        "in_flight": 0, "in_flight_limit": 1000, "waiting": 1, "drained_in_seconds": None, "refusal": "",
    }  # fmt: skip
    assert rows["shipping"]["drained_in_seconds"] == 0


def test_a_queue_is_paused_and_resumed(no_broker):
    token = token_of("pause_queue", username="olga")
    shown = post("/queues/payments/pause/", {"reason": "the bank is down"}, token=token)
    assert (shown.status_code, shown.json()["paused"]) == (200, True)
    assert "olga" in problem(post("/queues/payments/pause/", {"reason": "again"}, token=token), 409)["detail"]
    shown = post("/queues/payments/resume/", token=token)
    assert (shown.status_code, shown.json()["paused"]) == (200, False)
    problem(post("/queues/payments/resume/", token=token), 409)
    assert [(e.action, e.actor) for e in AuditEntry.objects.order_by("id")] == [
        ("pause queue", "olga"),
        ("resume queue", "olga"),
    ]


def test_a_pause_needs_a_reason_and_a_known_queue(no_broker):
    token = token_of("pause_queue")
    assert "reason" in problem(post("/queues/payments/pause/", {"reason": " "}, token=token), 400)["errors"]
    for action in ("pause", "resume"):
        problem(post(f"/queues/paymants/{action}/", {"reason": "a slip"}, token=token), 404)


def test_queues_are_listed_while_the_broker_is_down(no_broker):
    rows = get("/queues/", token=operator()).json()["results"]
    assert [(row["depth"], row["consumers"]) for row in rows] == [(None, None)] * 4


def test_a_queue_that_the_broker_refuses_says_why_in_api_and_terminal(no_broker, capsys):
    reason = "queue 'payments' is exclusive to another connection; close that one"
    Cursor.write(flow.refusals_of(), {"payments": reason})
    rows = {row["name"]: row["refusal"] for row in get("/queues/", token=operator()).json()["results"]}
    assert rows == {"payments": reason, "shipping": "", "notifications": "", "maintenance": ""}
    call_command("queue", "list")
    refused = [line.split()[0] for line in capsys.readouterr().out.splitlines() if "refused by the broker" in line]
    assert refused == ["payments"]
