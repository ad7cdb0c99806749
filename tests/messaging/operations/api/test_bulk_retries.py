"""Bulk retries in the API: preview, start, items, permissions."""

import uuid

import pytest
from django.contrib.admin.models import LogEntry

from messaging.models import State
from messaging.operations import actions
from messaging.operations.models import AuditEntry, BulkOperation
from messaging.operations.permissions import Actor
from payments.models import Payment
from tests.api.client import dead, get, post, problem, token_of
from tests.factories import place

pytestmark = pytest.mark.django_db
ROOT = "/bulk-retries/"


def charge(**changes):
    """A dead charge whose payment is still owed."""
    payment = Payment.objects.get(order=place())
    return dead(payload={"payment_id": str(payment.pk)}, **changes)


@pytest.fixture
def token() -> str:
    return token_of("bulk_retry", "view_bulkoperation", username="olga")


def test_a_preview_is_started_and_reported(token):
    charge()
    dead(task="gone.task")
    made = post(ROOT, {"queue": "payments", "reason": "the bank is back"}, token=token)
    assert made.status_code == 201
    shown = made.json()
    assert (shown["state"], shown["will_go"], shown["skipped"]) == ("preview", 1, {"unknown_task": 1})
    assert (shown["chosen"], shown["actor"]) == ({"queue": "payments"}, "olga")
    started = post(f"{ROOT}{shown['id']}/start/", {"rate": 7, "canary": 0, "stop_ratio": 0.2}, token=token).json()
    assert (started["state"], started["rate"], started["canary"], started["stop_ratio"]) == ("running", 7, 0, 0.2)
    assert started["reason"] == "the bank is back"
    for order_body, state in (("pause", "paused"), ("resume", "running"), ("cancel", "cancelled")):
        assert post(f"{ROOT}{shown['id']}/{order_body}/", token=token).json()["state"] == state
    assert get(f"{ROOT}{shown['id']}/", token=token).json()["cancelled"] == 1
    assert get(ROOT, token=token).json()["count"] == 1
    assert AuditEntry.objects.filter(operation_id=shown["id"], actor="olga").count() == 5
    assert LogEntry.objects.count() == 5


def test_items_are_paginated_and_filtered_by_outcome(token):
    message = charge(subject="CV-7")
    charge(state=State.DONE)
    made = post(ROOT, {"all": True}, token=token).json()
    page = get(f"{ROOT}{made['id']}/items/", token=token).json()
    (item,) = page["results"]
    assert (item["message_id"], item["subject"], item["outcome"]) == (str(message.pk), "CV-7", "waiting")
    assert get(f"{ROOT}{made['id']}/items/?outcome=succeeded", token=token).json()["count"] == 0
    assert "outcome" in problem(get(f"{ROOT}{made['id']}/items/?outcome=x", token=token), 400)["errors"]


def test_ids_select_exactly_those(token):
    first, _ = charge(), charge()
    assert post(ROOT, {"ids": [str(first.pk)]}, token=token).json()["will_go"] == 1


def test_selecting_everything_must_be_explicit(token):
    charge()
    assert "all" in problem(post(ROOT, {}, token=token), 400)["errors"]
    assert not BulkOperation.objects.exists()


@pytest.mark.parametrize(
    "body",
    [{"rate": 0}, {"rate": "5"}, {"canary": -1}, {"stop_ratio": 2}, {"stop_ratio": "0.5"}, {"speed": 1}],
)
def test_an_invalid_pace_names_its_field(token, body):
    charge()
    made = post(ROOT, {"all": True}, token=token).json()
    assert list(problem(post(f"{ROOT}{made['id']}/start/", body, token=token), 400)["errors"]) == list(body)


@pytest.mark.parametrize("body", [{"ids": [5]}, {"ids": ["x"]}, {"all": "yes"}, {"since": "soon"}, {"queue": 5}])
def test_an_invalid_selection_is_refused(token, body):
    problem(post(ROOT, body, token=token), 400)
    assert not BulkOperation.objects.exists()


def test_an_action_its_state_does_not_allow_changes_nothing(token):
    charge()
    made = post(ROOT, {"all": True}, token=token).json()
    problem(post(f"{ROOT}{made['id']}/pause/", token=token), 409)
    problem(post(f"{ROOT}{uuid.uuid4()}/pause/", token=token), 404)
    assert get(f"{ROOT}{made['id']}/", token=token).json() == made


@pytest.mark.parametrize(
    ("method", "path", "permission", "status"),
    [
        ("get", "", "view_bulkoperation", 200),
        ("get", "{id}/", "view_bulkoperation", 200),
        ("get", "{id}/items/", "view_bulkoperation", 200),
        ("post", "", "bulk_retry", 201),
        ("post", "{id}/start/", "bulk_retry", 200),
        ("post", "{id}/cancel/", "bulk_retry", 200),
    ],
)
def test_each_endpoint_needs_staff_with_its_permission(method, path, permission, status, token):
    charge()
    made = post(ROOT, {"all": True}, token=token).json()
    before = AuditEntry.objects.count()

    def call(key: str = ""):
        address = ROOT + path.format(id=made["id"])
        return get(address, token=key) if method == "get" else post(address, {} if path else {"all": True}, token=key)

    others = {"view_message", "retry_message", "bulk_retry", "view_bulkoperation"} - {permission}
    problem(call(), 401)
    problem(call(token_of(permission, is_staff=False)), 403)
    problem(call(token_of(*others)), 403)
    assert AuditEntry.objects.count() == before
    assert call(token_of(permission)).status_code == status


def test_a_page_takes_a_constant_number_of_statements(token, django_assert_num_queries):
    for _ in range(5):
        charge()
        post(ROOT, {"all": True}, token=token)
    with django_assert_num_queries(7):  # token, its siblings, two for permissions, count, page, reasons
        get(ROOT, token=token)


def test_a_preview_warns_of_paused_queues(token):
    charge()
    assert post(ROOT, {"all": True}, token=token).json()["warnings"] == []
    actions.pause(queue="payments", actor=Actor.system("ann"), reason="the bank asked for it")
    shown = post(ROOT, {"all": True}, token=token).json()
    assert shown["warnings"] == ["The queue payments is paused: messages sent to it wait until it is resumed."]
    assert get(f"{ROOT}{shown['id']}/", token=token).json()["warnings"] == shown["warnings"]
