"""Bulk retries in the admin: preview, start, progress, permissions."""

import csv
import io

import pytest
from django.contrib.admin.models import LogEntry
from django.db import OperationalError, connection
from django.urls import reverse

from messaging.models import Message, State
from messaging.operations.bulk_retry import services
from messaging.operations.bulk_retry.export import as_csv
from messaging.operations.models import BulkOperation, BulkState
from tests.factories import client_with
from tests.messaging.operations.bulk_retry.dead import ANN, dead, end, previewed, relay, started, turn
from tests.messaging.operations.desk import LIST

pytestmark = pytest.mark.django_db(transaction=True)
NEW = "/admin/operations/bulkoperation/new/"
PACE = {"rate": "20", "canary": "0", "stop_percent": "50", "reason": "the bank is back"}


@pytest.fixture
def operator():
    return client_with("view_message", "view_failedtask", "view_bulkoperation", "retry_message", "bulk_retry")


@pytest.fixture
def viewer():
    return client_with("view_message", "view_failedtask", "view_bulkoperation")


def page_of(operation) -> str:
    return reverse("admin:operations_bulkoperation_change", args=[operation.pk])


def action(name: str, operation) -> str:
    return reverse(f"admin:operations_bulk_{name}", args=[operation.pk])


def test_a_group_is_previewed_started_and_watched(operator):
    dead(3, fingerprint="f1")
    dead(fingerprint="f1", task="gone.task")
    dead(2, fingerprint="f2")
    assert 'value="f1"' in operator.get(NEW, {"group": "f1"}).content.decode()
    page = operator.post(NEW, {"group": "f1"}, follow=True).content.decode()
    assert "3 messages will be retried." in page
    assert "1 will be skipped." in page
    assert "its task is unknown to the deployed code" in page
    operation = BulkOperation.objects.get()
    page = operator.post(action("start", operation), PACE, follow=True).content.decode()
    assert "It runs in the background" in page
    assert 'hx-trigger="every 1s"' in page
    turn(operation)
    relay()
    end(operation, succeed=2, fail=1)
    turn(operation)
    page = operator.get(page_of(operation)).content.decode()
    assert "finished" in page
    assert "hx-get" not in page
    failed = operation.items.get(outcome="failed_again")
    assert reverse("admin:operations_failedtask_change", args=[failed.message_id]) in page
    assert [entry.change_message for entry in LogEntry.objects.order_by("id")] == [
        "Previewed: 3 to be retried",
        "Bulk retry started. It runs in the background; you can leave this page.",
    ]


def test_messages_selected_in_the_list_are_previewed(operator):
    first, _ = dead(2)
    data = {"action": "bulk_retry", "_selected_action": [str(first.pk)]}
    assert "1 message will be retried." in operator.post(LIST, data, follow=True).content.decode()
    assert BulkOperation.objects.get().chosen == {"ids": 1}


def test_all_matches_of_the_list_become_one_operation(operator):
    messages = dead(130, queue="payments")
    dead(2)
    data = {"action": "bulk_retry", "select_across": "1", "_selected_action": [str(messages[0].pk)]}
    page = operator.post(f"{LIST}?queue=payments", data, follow=True).content.decode()
    assert "130 messages will be retried." in page
    assert BulkOperation.objects.get().chosen == {"list": "queue=payments"}


def test_selecting_everything_must_be_explicit(operator):
    dead()
    assert "Set at least one filter" in operator.post(NEW, {}).content.decode()
    assert not BulkOperation.objects.exists()
    operator.post(NEW, {"everything": "on"})
    assert BulkOperation.objects.get().chosen == {"all": True}


def test_both_days_of_an_outage_are_included(operator):
    from datetime import UTC, datetime

    for day in (1, 2, 3, 4):
        dead(finished_at=datetime(2026, 5, day, 23, 59, tzinfo=UTC))
    operator.post(NEW, {"first_day": "2026-05-02", "last_day": "2026-05-03"})
    assert BulkOperation.objects.get().will_go == 2


@pytest.mark.parametrize("changes", [{"rate": "0"}, {"canary": "-1"}, {"stop_percent": "101"}, {"reason": " "}])
def test_an_invalid_pace_or_missing_reason_starts_nothing(operator, changes):
    dead()
    operation = previewed()
    assert "errorlist" in operator.post(action("start", operation), PACE | changes).content.decode()
    operation.refresh_from_db()
    assert operation.state == BulkState.PREVIEW


def test_pause_resume_and_cancel_are_buttons(operator):
    operation = started(3)
    for name, state in (("pause", "paused"), ("resume", "running"), ("cancel", "cancelled")):
        assert action(name, operation) in operator.get(page_of(operation)).content.decode()
        operator.post(action(name, operation))
        assert "Nothing was changed" not in operator.post(action(name, operation), follow=True).content.decode()
        operation.refresh_from_db()
        assert operation.state == state
    page = operator.post(action("pause", operation), follow=True).content.decode()
    assert "Nothing was changed: the bulk retry is cancelled." in page


def test_the_page_says_why_it_stopped(operator):
    operation = turn(started(30, canary=5))
    relay()
    end(operation, fail=5)
    turn(operation)
    assert (
        "5 of the first 5 failed again, so the rest was not sent." in operator.get(page_of(operation)).content.decode()
    )


def test_outcomes_are_exported_as_csv_without_personal_data(operator):
    dead(subject="=1+1", payload={"text": "ada@example.com"}, error_message="ada@example.com")
    response = operator.get(action("csv", previewed()))
    text = b"".join(response.streaming_content).decode()
    (row,) = csv.DictReader(io.StringIO(text))
    assert (row["task"], row["subject"], row["outcome"], row["error_type"]) == (
        "tests.sample",
        "'=1+1",
        "waiting",
        "Bug",
    )
    assert "ada@" not in text


def test_an_export_that_an_error_ends_says_so_in_its_last_line():
    dead()
    lines = []
    operation = previewed()

    def lose_database(execute, sql, params, many, context):
        if "operations_bulkitem" in sql:
            raise OperationalError("the database went away")
        return execute(sql, params, many, context)

    with connection.execute_wrapper(lose_database), pytest.raises(OperationalError):
        lines.extend(as_csv(operation))
    assert lines[-1].startswith("Incomplete: an error ended the export")


def test_htmx_gets_only_the_progress(operator):
    page = operator.get(action("progress", started(2))).content.decode()
    assert "<progress" in page
    assert "<html" not in page


def test_a_viewer_gets_403_for_every_action(viewer):
    operation = started(2)
    dead()
    waiting = previewed()
    assert viewer.get(NEW).status_code == 403
    assert viewer.post(NEW, {"everything": "on"}).status_code == 403
    assert viewer.post(action("start", waiting), PACE).status_code == 403
    for name in ("pause", "resume", "cancel"):
        assert viewer.post(action(name, operation)).status_code == 403
    viewer.post(LIST, {"action": "bulk_retry", "_selected_action": [str(Message.objects.dead().first().pk)]})
    assert BulkOperation.objects.count() == 2
    page = viewer.get(page_of(operation)).content.decode()
    assert "<progress" in page
    assert action("pause", operation) not in page


def test_staff_without_the_permission_see_nothing():
    operation = started(1)
    nobody = client_with("view_message")
    for url in (page_of(operation), action("progress", operation), action("csv", operation)):
        assert nobody.get(url).status_code == 403


def test_get_changes_nothing(operator):
    operation = started(1)
    for name in ("pause", "resume", "cancel", "start"):
        assert operator.get(action(name, operation)).status_code == 405
    assert operator.post(page_of(operation)).status_code == 403
    assert operator.get("/admin/operations/bulkoperation/nonsense/change/").status_code == 404


def test_paused_queues_are_shown_as_warnings(operator):
    from messaging.models import QueuePause

    dead(queue="payments")
    operation = previewed()
    for queue in ("payments", "shipping", "maintenance"):
        QueuePause.objects.create(queue=queue, paused_by="bob", reason="the bank")
    page = operator.get(page_of(operation)).content.decode()
    assert "The queue payments is paused" in page
    assert "The queue maintenance is paused" in page, "the driver's own messages wait in it"
    assert "The queue shipping is paused" not in page


def test_the_list_takes_a_constant_number_of_statements(operator, django_assert_max_num_queries):
    for _ in range(5):
        dead(2)
        previewed()
    with django_assert_max_num_queries(8):
        page = operator.get("/admin/operations/bulkoperation/").content.decode()
    assert "all dead messages" in page
    assert NEW in page


def test_too_many_messages_are_refused(operator, monkeypatch):
    monkeypatch.setattr(services, "MAX_MESSAGES", 1)
    dead(2)
    assert "Narrow the selection" in operator.post(NEW, {"everything": "on"}, follow=True).content.decode()


def test_a_message_of_a_finished_operation_keeps_its_state(operator):
    dead()
    operation = services.cancel(operation_id=previewed().pk, actor=ANN)
    assert "cancelled" in operator.get(page_of(operation)).content.decode()
    assert Message.objects.get().state == State.DEAD
