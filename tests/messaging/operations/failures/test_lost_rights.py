"""Rights that are taken while a page is open, between a page and its confirmation, and during a bulk retry."""

from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.auth.models import Permission
from django.test import Client
from django.urls import reverse

from messaging.models import Message, State
from messaging.operations.bulk_retry import services as bulk
from messaging.operations.models import AuditEntry, BulkOperation, BulkState, FailureGroup, GroupState
from messaging.operations.permissions import Actor
from shop.models import User
from tests.delivery import deliver_due
from tests.factories import UserFactory
from tests.messaging.operations.desk import ALL_PERMISSIONS, GROUPS, body, failed_task, page_url
from tests.messaging.operations.prepared import bulk_retry, discarded

pytestmark = pytest.mark.django_db(transaction=True)
PERMISSIONS = (*ALL_PERMISSIONS, "view_message", "view_bulkoperation")
BACKEND = "shop.accounts.authentication.NameOrEmail"
SECRET = "ada@example.com"


def group_url(name: str) -> Callable[[Message], str]:
    return lambda message: f"{GROUPS}{message.fingerprint}/{name}/"


def task_url(name: str) -> Callable[[Message], str]:
    return lambda message: page_url(message, name)


@pytest.fixture
def olga() -> User:
    user: User = UserFactory.create(username="olga", is_staff=True)
    user.user_permissions.set(Permission.objects.filter(codename__in=PERMISSIONS))
    return user


@pytest.fixture
def client(olga: User) -> Client:
    client = Client()
    client.force_login(olga, BACKEND)
    return client


def lose(user: User, *codenames: str) -> None:
    user.user_permissions.remove(*Permission.objects.filter(codename__in=codenames))


@pytest.mark.parametrize(
    ("url", "data"),
    [
        *((task_url(name), {"reason": "why"}) for name in ("reveal", "dry_run", "retry", "release", "edit", "discard")),
        (group_url("state"), {"state": "acknowledged"}),
        (group_url("note"), {"note": "x" * 100_000}),
        (group_url("note"), {"note": "known"}),
        (group_url("discard"), {}),
    ],
)
def test_who_may_act_but_no_longer_see_failed_tasks_is_shown_none(client, olga, url, data):
    message = failed_task()
    lose(olga, "view_failedtask")
    answers = [client.post(url(message), data), client.get(url(message))]
    assert answers[0].status_code == 403
    assert answers[1].status_code in (403, 405)
    assert not any(SECRET in body(answer) or "print_job" in body(answer) for answer in answers)
    assert Message.objects.get().state == State.DEAD
    assert FailureGroup.objects.get().state == GroupState.OPEN
    assert not AuditEntry.objects.filter(actor="olga").exists()


def test_who_may_run_but_no_longer_see_bulk_retries_is_shown_none(client, olga):
    operation = bulk_retry("preview")
    lose(olga, "view_bulkoperation")
    start = reverse("admin:operations_bulk_start", args=[operation.pk])
    answers = [client.post(start, {"rate": "wrong"}), client.get(reverse("admin:operations_bulk_new"))]
    assert [answer.status_code for answer in answers] == [403, 403]
    assert BulkOperation.objects.get().state == BulkState.PREVIEW


@pytest.mark.parametrize(
    ("right", "name", "data"),
    [
        ("discard_message", "discard", {"reason": "old"}),
        ("edit_message", "edit", {"email": "eve@example.com", "copies": "2", "apply": "1", "reason": "why"}),
        ("retry_message", "retry", {"confirmed": "1"}),
    ],
)
@pytest.mark.parametrize("how", ["right", "staff", "account", "password"])
def test_between_page_and_confirmation_a_right_is_lost(client, olga, right, name, data, how):
    message = failed_task()
    if name != "retry":
        assert client.get(page_url(message, name)).status_code == 200
    _take(olga, how, right)
    assert client.post(page_url(message, name), data).status_code == (403 if how == "right" else 302)
    message.refresh_from_db()
    assert (message.state, message.payload["email"]) == (State.DEAD, SECRET)


@pytest.mark.parametrize("how", ["right", "staff", "account", "password"])
def test_a_discard_is_not_undone_by_who_lost_the_right(client, olga, how):
    message, operation = discarded()
    undo = reverse("admin:operations_failedtask_undo", args=[operation])
    assert client.get(undo).status_code == 200
    _take(olga, how, "discard_message")
    assert client.post(undo).status_code == (403 if how == "right" else 302)
    message.refresh_from_db()
    assert message.state == State.DISCARDED


@pytest.mark.parametrize("how", ["right", "staff", "account", "password"])
def test_a_bulk_retry_runs_on_without_the_right_of_who_started_it_and_others_stop_it(client, olga, how):
    """It is the desk's: the audit log says who started it. Whoever may run bulk retries pauses or cancels it."""
    operation = bulk_retry("preview")
    bulk.start(operation_id=operation.pk, pace=bulk.Pace(canary=0), actor=Actor.of(olga), reason="fixed")
    _take(olga, how, "bulk_retry")
    pause = reverse("admin:operations_bulk_pause", args=[operation.pk])
    assert client.post(pause).status_code == (403 if how == "right" else 302)
    assert BulkOperation.objects.get().state == BulkState.RUNNING
    deliver_due(limit=1)
    assert BulkOperation.objects.get().sent == 1
    bulk.cancel(operation_id=operation.pk, actor=Actor.system("boss"))
    assert BulkOperation.objects.get().state == BulkState.CANCELLED


def _take(user: User, how: str, right: str) -> Any:
    if how == "right":
        return lose(user, right)
    if how == "password":
        user.set_password("another")
        return user.save()
    return User.objects.filter(pk=user.pk).update(**{"is_staff" if how == "staff" else "is_active": False})
