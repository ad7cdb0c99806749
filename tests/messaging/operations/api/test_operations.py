"""Failed tasks and failure groups in the API, and who may use which endpoint."""

from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from messaging.hooks.next_steps import UNEXPECTED
from messaging.models import Circuit, Message, QueuePause, State
from messaging.models.uuid7 import uuid7
from messaging.operations.models import AuditEntry, FailureGroup, PayloadEdit
from tests.api.client import dead, get, operator, post, problem, token_of

pytestmark = pytest.mark.django_db

ENDPOINTS = [
    ("get", "/failed-tasks/", "view_failedtask"),
    ("get", "/failed-tasks/{id}/", "view_failedtask"),
    ("post", "/failed-tasks/{id}/retry/", "retry_message"),
    ("post", "/failed-tasks/{id}/discard/", "discard_message"),
    ("get", "/queues/", "view_message"),
    ("post", "/queues/payments/pause/", "pause_queue"),
    ("post", "/queues/shipping/resume/", "pause_queue"),
    ("get", "/circuits/", "view_message"),
    ("post", "/circuits/gateway.simulated/probe/", "retry_message"),
    ("post", "/failed-tasks/{id}/restore/", "discard_message"),
    ("post", "/failed-tasks/{id}/release/", "retry_message"),
    ("post", "/failed-tasks/{id}/edit/", "edit_message"),
    ("post", "/failed-tasks/{id}/reveal/", "reveal_payload"),
    ("get", "/failure-groups/", "view_failedtask"),
    ("get", "/failure-groups/f1/", "view_failedtask"),
    ("post", "/failure-groups/f1/acknowledge/", "retry_message"),
    ("post", "/failure-groups/f1/resolve/", "retry_message"),
]
PAYLOAD = {"payment_id": "01a20db0-93b6-76a4-a7eb-044c283422e2"}
ALL = {
    "view_message", "view_failedtask", "retry_message", "discard_message", "edit_message", "reveal_payload",
    "pause_queue",
}  # fmt: skip


def call(method: str, path: str, token: str = "") -> Any:
    return get(path, token=token) if method == "get" else post(path, _body(path), token=token)


def _body(path: str) -> dict[str, Any]:
    if "/failure-groups/" in path:
        return {"note": "why"}
    return {"reason": "why"} | ({"payload": PAYLOAD} if path.endswith("/edit/") else {})


def group(**changes: Any) -> FailureGroup:
    now = timezone.now()
    fields = {"first_seen": now, "last_seen": now, "error_type": "GatewayUnavailable", "dead_count": 1, "failures": 1}
    return FailureGroup.objects.create(pk="f1", **(fields | changes))


def test_a_failed_task_has_the_documented_fields():
    now = timezone.now()
    message = dead(finished_at=now)
    shown = get(f"/failed-tasks/{message.pk}/", token=operator()).json()
    assert shown == {
        "id": str(message.pk),
        "state": "dead",
        "task": "payments.charge_payment",
        "queue": "payments",
        "routing_key": "payment.charge.normal",
        "priority": 5,
        "subject": "CV-1",
        "error": {"type": "GatewayUnavailable", "message": "The bank did not answer."},
        "attempts": 3,
        "failed_at": now.isoformat().replace("+00:00", "Z"),
        "group": "f1",
        "next_step": {"text": UNEXPECTED.text, "action": "open_group"},
        "quarantined": False,
        "revivals": 0,
        "payload": message.payload,
    }


def test_the_list_has_the_dead_only_and_the_newest_first():
    now = timezone.now()
    old, new = (dead(finished_at=now - timedelta(hours=hours)) for hours in (2, 1))
    for state in (State.PENDING, State.SENT, State.DONE, State.DISCARDED):
        dead(state=state)
    page = get("/failed-tasks/", token=operator()).json()
    assert set(page) == {"count", "next", "previous", "results"}
    assert [task["id"] for task in page["results"]] == [str(new.pk), str(old.pk)]


@pytest.mark.parametrize(
    ("wanted", "found"),
    [
        ("queue=shipping", 1),
        ("task=shipping.create_shipment", 1),
        ("error=CarrierUnavailable", 1),
        ("group=f2", 1),
        ("subject=CV-2", 1),
        ("queue=shipping&subject=CV-1", 0),
        ("queue=&subject=", 2),
        ("queue=nothing", 0),
    ],
)
def test_filters_narrow_the_list(wanted, found):
    dead()
    dead(
        queue="shipping",
        task="shipping.create_shipment",
        subject="CV-2",
        error_type="shipping.carriers.base.CarrierUnavailable",
        error_message="The carrier did not answer.",
        fingerprint="f2",
    )
    assert get(f"/failed-tasks/?{wanted}", token=operator()).json()["count"] == found


@pytest.mark.parametrize("field", ["queue", "task", "error", "group", "subject"])
def test_a_filter_no_database_accepts_is_named(field):
    assert field in problem(get(f"/failed-tasks/?{field}=%00", token=operator()), 400)["errors"]


def test_a_page_takes_a_constant_number_of_statements():
    for _ in range(5):
        dead()
    token = operator()
    with CaptureQueriesContext(connection) as statements:
        get("/failed-tasks/", token=token)
    # Token, its siblings, two for permissions, count, page; newer successes and what is done already, for the advice.
    assert len(statements) == 8


def test_a_retry_requeues_the_message_and_records_the_actor():
    message = dead()
    token = token_of("retry_message", "view_failedtask", username="olga")
    shown = post(f"/failed-tasks/{message.pk}/retry/", {"reason": "the bank is back"}, token=token)
    assert (shown.status_code, shown.json()["state"]) == (200, "pending")
    entry = AuditEntry.objects.get()
    assert (entry.action, entry.actor, entry.reason) == ("retry", "olga", "the bank is back")
    assert get(f"/failed-tasks/{message.pk}/", token=token).json()["state"] == "pending"


def test_a_retry_needs_no_reason():
    assert post(f"/failed-tasks/{dead().pk}/retry/", token=operator()).status_code == 200


def test_the_second_of_two_retries_sees_who_acted_first():
    message = dead()
    post(f"/failed-tasks/{message.pk}/retry/", token=token_of("retry_message", username="olga"))
    document = problem(post(f"/failed-tasks/{message.pk}/retry/", token=operator()), 409)
    assert "olga" in document["detail"]


def test_a_discard_keeps_its_reason():
    message = dead()
    shown = post(f"/failed-tasks/{message.pk}/discard/", {"reason": "a test order"}, token=operator())
    assert (shown.status_code, shown.json()["state"]) == (200, "discarded")
    message.refresh_from_db()
    assert message.note == "a test order"


@pytest.mark.parametrize("body", [None, {"reason": ""}, {"reason": "  "}, {"reason": 5}, {"reason": "x" * 501}])
def test_a_discard_without_a_reason_changes_nothing(body):
    message = dead()
    assert "reason" in problem(post(f"/failed-tasks/{message.pk}/discard/", body, token=operator()), 400)["errors"]
    message.refresh_from_db()
    assert message.state == State.DEAD


def test_an_edit_retries_with_the_new_payload_and_keeps_the_old_one():
    message = dead()
    body = {"payload": PAYLOAD, "reason": "a typo", "attempts": 3}
    shown = post(f"/failed-tasks/{message.pk}/edit/", body, token=operator())
    assert (shown.status_code, shown.json()["state"], shown.json()["payload"]) == (200, "pending", PAYLOAD)
    assert PayloadEdit.objects.get().before == message.payload


def test_an_edit_that_does_not_match_the_schema_names_the_field():
    body = {"payload": {"payment_id": "x", "more": 1}, "reason": "a typo"}
    document = problem(post(f"/failed-tasks/{dead().pk}/edit/", body, token=operator()), 400)
    assert set(document["errors"]) == {"payload.payment_id", "payload.more"}
    unknown = dead(task="no.such")
    problem(post(f"/failed-tasks/{unknown.pk}/edit/", {"payload": {}, "reason": "x"}, token=operator()), 409)


def test_an_edit_of_a_message_that_failed_again_is_refused():
    body = {"payload": PAYLOAD, "reason": "a typo", "attempts": 2}
    assert "changed" in problem(post(f"/failed-tasks/{dead().pk}/edit/", body, token=operator()), 409)["detail"]


def test_personal_data_is_masked_until_it_is_revealed():
    message = dead(payload={"email": "ada@example.com"}, error_message="no mailbox ada@example.com")
    shown = get(f"/failed-tasks/{message.pk}/", token=operator())
    assert "ada@" not in shown.content.decode()
    revealed = post(f"/failed-tasks/{message.pk}/reveal/", {"reason": "she asked"}, token=operator())
    assert revealed.json() == {"payload": {"email": "ada@example.com"}}
    assert AuditEntry.objects.get().action == "reveal"


def test_only_a_discarded_message_can_be_restored():
    message = dead()
    problem(post(f"/failed-tasks/{message.pk}/restore/", token=operator()), 409)
    Message.objects.filter(pk=message.pk).update(state=State.DISCARDED)
    assert post(f"/failed-tasks/{message.pk}/restore/", token=operator()).json()["state"] == "dead"


def test_a_group_has_the_documented_fields_and_is_filtered_by_them():
    group(task="payments.charge_payment", queue="payments", error_message="ask ada@example.com")
    shown = get("/failure-groups/f1/", token=operator()).json()
    assert set(shown) == {
        "id", "state", "task", "queue", "error", "dead", "failures", "first_seen", "last_seen", "note", "runbook",
        "next_step",
    }  # fmt: skip
    assert "ada" not in shown["error"]["message"]
    for wanted, count in (("", 1), ("?state=open&queue=payments", 1), ("?state=resolved", 0), ("?task=x", 0)):
        assert get(f"/failure-groups/{wanted}", token=operator()).json()["count"] == count
    problem(get("/failure-groups/?state=odd", token=operator()), 400)
    problem(get("/failure-groups/f2/", token=operator()), 404)


def test_a_group_is_acknowledged_then_resolved_but_not_back():
    group()
    token = operator()
    noted = post("/failure-groups/f1/acknowledge/", {"note": "the bank knows"}, token=token).json()
    assert (noted["state"], noted["note"]) == ("acknowledged", "the bank knows")
    assert post("/failure-groups/f1/resolve/", token=token).json()["state"] == "resolved"
    problem(post("/failure-groups/f1/acknowledge/", token=token), 409)


@pytest.mark.parametrize("state", [State.PENDING, State.SENT])
def test_a_message_that_never_failed_is_not_found(state):
    message = dead(state=state, attempts=0)
    for method, path, _ in ENDPOINTS[1:4]:
        answer = problem(call(method, path.format(id=message.pk), operator()), 404)
        assert answer["title"] == "Not Found"
    message.refresh_from_db()
    assert message.state == state
    assert not AuditEntry.objects.exists()


def test_an_unknown_id_is_not_found():
    for id_ in (uuid7(), "5", "x"):
        answer = problem(get(f"/failed-tasks/{id_}/", token=operator()), 404)
        assert answer["title"] == "Not Found"


@pytest.mark.parametrize(("method", "path", "permission"), ENDPOINTS)
def test_each_endpoint_needs_staff_with_its_permission(method, path, permission):
    group()
    revivals = 3 if "release" in path else 0
    path = path.format(id=dead(state=State.DISCARDED if "restore" in path else State.DEAD, revivals=revivals).pk)
    QueuePause.objects.create(queue="shipping", reason="for the test")
    Circuit.objects.create(pk="gateway.simulated", opened_at=timezone.now(), probe_at=timezone.now())
    refused = problem(call(method, path), 401)
    assert refused["title"] == "Unauthorized"
    problem(call(method, path, "0" * 64), 401)
    problem(call(method, path, token_of(is_staff=True)), 403)
    problem(call(method, path, token_of(permission, is_staff=False)), 403)
    problem(call(method, path, token_of(*(ALL - {permission}))), 403)
    assert not AuditEntry.objects.exists()
    assert call(method, path, token_of(permission)).status_code == 200


def test_a_refused_client_cannot_tell_what_exists():
    token = token_of()
    missing, there = (get(f"/failed-tasks/{id_}/", token=token) for id_ in (uuid7(), dead().pk))
    assert problem(missing, 403) == problem(there, 403)
