"""A failure's page steps through its attempts: payload, release, worker, times, log lines, outside calls."""

import io
import json
import uuid
from datetime import timedelta

import pytest
from django.core.management import call_command

from messaging.models import Attempt, Message, State
from messaging.operations.failures.detail import detail_of
from messaging.operations.failures.releases import last_run_of
from messaging.operations.models import PayloadEdit
from tests.factories import client_with
from tests.messaging.operations.desk import body, failed_task, page_url

pytestmark = pytest.mark.django_db(transaction=True)
EXCHANGE = {
    "system": "gateway.simulated", "operation": "charge", "request": {"email": "ada@example.com"}, "seconds": 0.2,
    "error": "CardDeclined", "message": "for ada@example.com",
}  # fmt: skip


@pytest.fixture
def message() -> Message:
    found = failed_task()
    Attempt.objects.filter(message=found).update(
        release="abc123", log="asked for ada@example.com", exchanges=[EXCHANGE], worker="payments@host"
    )
    attempt = Attempt.objects.get(message=found)
    Attempt.objects.filter(pk=attempt.pk).update(started_at=attempt.ended_at - timedelta(seconds=1.5))
    return found


def test_each_attempt_tells_release_worker_time_log_and_outside_calls(message):
    page = " ".join(body(client_with("view_failedtask").get(page_url(message))).split())
    for words in ("<code>abc123</code>", "payments@host", "after 1.50 s", "asked for •••@•••", "gateway.simulated",
                  "CardDeclined", "charge"):  # fmt: skip
        assert words in page, words
    assert "ada@example.com" not in page


def test_an_attempt_before_an_edit_has_the_payload_that_it_ran_with(message):
    for before, after in ((1, 2), (2, 3)):
        PayloadEdit.objects.create(
            message_id=message.pk, before={"copies": before}, after={"copies": after}, actor="ann", reason="more"
        )
    (attempt,) = detail_of(message).attempts
    assert attempt.payload == {"copies": 1}
    Attempt.objects.filter(message=message).update(ended_at=PayloadEdit.objects.last().at)
    (attempt,) = detail_of(message).attempts
    assert attempt.payload is None


def test_only_the_last_attempts_are_shown(message):
    Attempt.objects.bulk_create(
        Attempt(message=message, number=number, error_type="Bug", traceback="x") for number in range(2, 80)
    )
    numbers = [row.attempt.number for row in detail_of(message).attempts]
    assert numbers == list(range(30, 80))


def test_a_task_that_this_release_does_not_know_names_the_one_that_last_did(message, settings):
    settings.CONVEYOR_RELEASE = "new9"
    done = Message(task="gone.away", queue="maintenance", state=State.DONE, release="old7")
    done.correlation_id, done.finished_at = uuid.uuid4(), message.finished_at - timedelta(days=1)
    done.save()
    Message.objects.filter(pk=message.pk).update(task="gone.away")
    Attempt.objects.filter(message=message).update(started_at=None)
    assert last_run_of("gone.away").release == "old7"
    page = " ".join(body(client_with("view_failedtask").get(page_url(message))).split())
    assert "Release old7 last ran this task" in page
    assert "This is release new9." in page
    out = io.StringIO()
    call_command("dlq", "show", str(message.pk), "--json", stdout=out)
    assert json.loads(out.getvalue())["last_release"] == "old7"


def test_a_failed_run_counts_and_a_relays_verdict_does_not(message):
    Message.objects.filter(pk=message.pk).update(task="gone.away")
    assert last_run_of("gone.away").release == "abc123"
    Attempt.objects.filter(message=message).update(started_at=None)
    assert last_run_of("gone.away") is None


def test_a_known_task_needs_no_other_release(message):
    assert detail_of(message).last_run is None


def test_the_search_for_a_release_takes_two_statements(message, django_assert_num_queries):
    with django_assert_num_queries(2):
        last_run_of(message.task)


def test_show_prints_the_attempts(message):
    out = io.StringIO()
    call_command("dlq", "show", str(message.pk), stdout=out)
    assert "attempt 1 on payments@host, release abc123" in out.getvalue()
    assert "asked for •••@•••" in out.getvalue()
    assert '"error": "CardDeclined"' in out.getvalue()
    assert "ada@" not in out.getvalue()
