"""Loop guard: a dead letter that retries do not help leaves bulk retries, until somebody edits or releases it."""

import json
from contextlib import suppress

import pytest
from django.core.exceptions import PermissionDenied
from django.core.management import CommandError, call_command

from messaging import transitions
from messaging.models import Message, State
from messaging.operations import actions
from messaging.operations.bulk_retry import driver, services
from messaging.operations.bulk_retry.selection import Filters, Selection
from messaging.operations.failures.quarantine import is_quarantined
from messaging.operations.models import AuditEntry, SkipReason
from messaging.operations.permissions import Actor
from messaging.transitions.failure import synthetic_failure
from tests.api.client import get, post, problem, token_of
from tests.factories import client_with
from tests.messaging.deliver import send
from tests.messaging.operations.bulk_retry.dead import previewed, turn
from tests.messaging.operations.desk import (
    ALL_PERMISSIONS,
    GROUPS,
    LIST,
    body,
    dead,
    failed_task,
    page_url,
    quarantined,
)

pytestmark = pytest.mark.django_db(transaction=True)
ANN = Actor.system("ann")


@pytest.fixture
def operator():
    return client_with(*ALL_PERMISSIONS)


def retry_and_die(message: Message) -> None:
    assert actions.retry(ids=[message.pk], actor=ANN).done == [message.pk]
    failure = synthetic_failure("Bug", "again", task=message.task)
    transitions.bury(message_id=message.pk, sends=send(message).sends, failure=failure)


def state_of(message: Message) -> str:
    message.refresh_from_db()
    return message.state


def test_a_message_that_died_again_after_three_retries_is_quarantined():
    message = failed_task()
    for count in range(3):
        message.refresh_from_db()
        assert (message.revivals, is_quarantined(message)) == (count, False)
        retry_and_die(message)
    message.refresh_from_db()
    assert (message.revivals, is_quarantined(message)) == (3, True)


def test_the_number_is_a_setting(settings):
    settings.CONVEYOR_QUARANTINE_AFTER = 1
    message = failed_task()
    retry_and_die(message)
    message.refresh_from_db()
    assert is_quarantined(message)


def test_a_preview_skips_it_and_says_so():
    quarantined()
    operation = previewed()
    assert (operation.will_go, operation.skipped) == (0, 1)
    assert operation.items.get().reason == SkipReason.QUARANTINED


def test_a_running_bulk_retry_skips_what_is_quarantined_since(settings):
    message = failed_task()
    Message.objects.filter(pk=message.pk).update(revivals=1)
    operation = previewed()
    services.start(operation_id=operation.pk, pace=services.Pace(canary=0), actor=ANN)
    settings.CONVEYOR_QUARANTINE_AFTER = 1
    operation = turn(operation)
    assert (operation.sent, operation.skipped) == (0, 1)
    assert operation.items.get().reason == SkipReason.QUARANTINED
    assert state_of(message) == State.DEAD


def test_a_cancelled_bulk_retry_does_not_count_what_was_never_sent():
    message = failed_task()
    operation = services.preview(selection=Selection.by_filters(Filters()), actor=ANN)
    services.start(operation_id=operation.pk, pace=services.Pace(canary=0), actor=ANN)
    Message.objects.filter(task=driver.DriveBulkRetry.task).delete()
    turn(operation)
    message.refresh_from_db()
    assert (message.state, message.revivals) == (State.PENDING, 1)
    services.cancel(operation_id=operation.pk, actor=ANN)
    message.refresh_from_db()
    assert (message.state, message.revivals) == (State.DEAD, 0)


def test_several_at_once_are_not_retried_and_one_needs_a_confirmation():
    message, other = quarantined(), failed_task()
    outcome = actions.retry(ids=[message.pk, other.pk], actor=ANN)
    assert outcome.done == [other.pk]
    assert "it is quarantined" in outcome.skipped[message.pk]
    assert actions.retry(ids=[message.pk], actor=ANN, confirm_quarantined=True).done == [message.pk]


def test_a_release_is_audited_and_needs_the_permission_to_retry():
    message = quarantined()
    with pytest.raises(PermissionDenied, match="retry_message"):
        actions.release(ids=[message.pk], actor=Actor(name="eve", may=lambda codename: False))
    assert actions.release(ids=[message.pk], actor=ANN, reason="fixed").done == [message.pk]
    message.refresh_from_db()
    assert (message.state, message.revivals) == (State.DEAD, 0)
    assert (AuditEntry.objects.get().action, AuditEntry.objects.get().reason) == ("release", "fixed")
    assert previewed().will_go == 1


def test_only_a_quarantined_message_can_be_released():
    message = failed_task()
    assert actions.release(ids=[message.pk], actor=ANN).skipped == {message.pk: "it is not quarantined"}
    actions.discard(ids=[message.pk], actor=ANN, reason="x")
    assert "no longer dead" in actions.release(ids=[message.pk], actor=ANN).skipped[message.pk]


def test_an_edit_ends_the_quarantine():
    message = quarantined()
    seen = actions.version_of(message)
    data = {"email": "bob@example.com", "copies": 2}
    outcome = actions.edit_and_retry(id_=message.pk, data=data, seen=seen, actor=ANN, reason="typo")
    assert outcome.done == [message.pk]
    message.refresh_from_db()
    assert (message.state, message.revivals) == (State.PENDING, 0)


def test_the_admin_asks_before_it_retries_a_quarantined_task(operator):
    message = quarantined()
    asked = body(operator.post(page_url(message, "retry")))
    assert "it died again after each of 3 retries" in asked
    assert state_of(message) == State.DEAD
    operator.post(page_url(message, "retry"), {"confirmed": "1"})
    assert state_of(message) == State.PENDING


def test_the_pages_say_that_it_is_quarantined_and_offer_its_release_first(operator):
    message = quarantined()
    dead("CV-9")
    page = body(operator.get(page_url(message)))
    assert ">quarantined</span>" in page
    assert page.index("Release from quarantine</button>") < page.index("Retry task</button>")
    listed = body(operator.get(LIST, {"is": "quarantined"}))
    assert "Release from quarantine" in listed
    assert "CV-9" not in listed
    assert "1 task is quarantined" in body(operator.get(f"{GROUPS}{message.fingerprint}/change/"))


def test_a_list_action_skips_it_and_says_why(operator):
    message = quarantined()
    data = {"action": "retry_selected", "_selected_action": [str(message.pk)]}
    assert "it is quarantined" in body(operator.post(LIST, data, follow=True))
    assert state_of(message) == State.DEAD


def test_the_api_shows_and_filters_it_and_asks_for_a_confirmation():
    message, token = quarantined(), token_of("view_failedtask", "retry_message")
    failed_task()
    (shown,) = get("/failed-tasks/?quarantined=true", token=token).json()["results"]
    assert (shown["id"], shown["quarantined"], shown["revivals"]) == (str(message.pk), True, 3)
    assert shown["next_step"]["action"] == "release"
    refused = post(f"/failed-tasks/{message.pk}/retry/", {}, token=token)
    assert problem(refused, 409)["type"].endswith(":quarantined")
    confirmed = post(f"/failed-tasks/{message.pk}/retry/", {"confirm_quarantined": True}, token=token)
    assert (confirmed.status_code, confirmed.json()["state"]) == (200, "pending")


def test_the_api_releases_what_is_quarantined_only():
    message, token = quarantined(), token_of("view_failedtask", "retry_message")
    assert post(f"/failed-tasks/{message.pk}/release/", {}, token=token).json()["quarantined"] is False
    again = post(f"/failed-tasks/{message.pk}/release/", {}, token=token)
    assert problem(again, 409)["type"].endswith(":not-quarantined")


def test_commands_list_confirm_and_release(capsys):
    message = quarantined()
    failed_task()

    def run(*arguments: str) -> str:
        with suppress(SystemExit):  # not everything could be done
            call_command("dlq", *arguments)
        return capsys.readouterr().out

    (listed,) = json.loads(run("list", "--quarantined", "--json"))["results"]
    assert (listed["id"], listed["word"]) == (str(message.pk), "quarantined")
    assert "(quarantined)" in run("list")
    refused = run("retry", str(message.pk))
    assert "it is quarantined" in refused
    assert f"dlq retry {message.pk} --confirm-quarantined" in refused
    assert "--confirm-quarantined" in json.loads(run("retry", str(message.pk), "--json"))["skipped"][str(message.pk)]
    with pytest.raises(CommandError, match="takes one id"):
        call_command("dlq", "retry", "--all", "--confirm-quarantined")
    assert "retried 1" in run("retry", str(message.pk), "--confirm-quarantined")
    other = quarantined()
    assert "released 1" in run("release", str(other.pk))
    assert "it is not quarantined" in run("release", str(other.pk))
