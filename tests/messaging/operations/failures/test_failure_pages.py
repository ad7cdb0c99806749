"""Failure pages: search, detail, reveal, export, restore, undo, groups, permissions."""

import json
from datetime import timedelta

import pytest
from django.contrib.admin.models import LogEntry
from django.db import connection
from django.urls import reverse
from django.utils import timezone

from messaging import outbox, transitions
from messaging.models import Message, State
from messaging.operations import actions
from messaging.operations.models import AuditEntry, FailureGroup, FailureHour, GroupState
from messaging.operations.permissions import Actor
from messaging.transitions.failure import synthetic_failure
from tests.factories import client_with
from tests.messaging.deliver import deliver, send
from tests.messaging.operations.desk import ALL_PERMISSIONS, GROUPS, LIST, body, dead, failed_task, page_url
from tests.messaging.samples import Sample

pytestmark = pytest.mark.django_db(transaction=True)
ANN = Actor.system("ann")


@pytest.fixture
def operator():
    return client_with(*ALL_PERMISSIONS)


@pytest.fixture
def viewer():
    return client_with("view_failedtask", "view_failuregroup")


FORGED_POSTS = [
    ("operations_failedtask_retry", {}),
    ("operations_failedtask_reveal", {}),
    ("operations_failedtask_edit", {"payload-email": "x@example.com", "payload-copies": "2", "apply": "1"}),
    ("operations_failedtask_discard", {}),
    ("operations_failedtask_restore", {}),
    ("operations_failedtask_change", {}),
    ("operations_failedtask_undo", {}),
    ("operations_failuregroup_state", {"state": "resolved"}),
    ("operations_failuregroup_note", {"note": "x"}),
    ("operations_failuregroup_discard", {"until": "2100-01-01T00:00:00+00:00"}),
    ("operations_failuregroup_change", {}),
]


@pytest.mark.parametrize(("name", "data"), FORGED_POSTS)
def test_a_forged_post_by_a_viewer_is_refused_and_changes_nothing(viewer, name, data):
    message = failed_task()
    target = message.fingerprint if "group" in name else message.pk
    response = viewer.post(reverse(f"admin:{name}", args=[target]), {"reason": "because", "seen": "dead.1.0"} | data)
    assert response.status_code == 403
    message.refresh_from_db()
    assert (message.state, message.payload["copies"]) == (State.DEAD, 1)
    assert FailureGroup.objects.get().state == GroupState.OPEN
    assert not AuditEntry.objects.exists()


@pytest.mark.parametrize("action", ["retry_selected", "discard_selected"])
def test_a_viewers_forged_action_changes_nothing(viewer, action):
    message = failed_task()
    viewer.post(LIST, {"action": action, "_selected_action": [str(message.pk)], "reason": "x"})
    message.refresh_from_db()
    assert message.state == State.DEAD


@pytest.mark.parametrize("name", ["retry", "reveal", "restore"])
def test_actions_without_a_confirmation_page_require_post(operator, name):
    assert operator.get(page_url(failed_task(), name)).status_code == 405


def test_personal_data_is_masked_until_a_reveal_which_is_audited(operator):
    message = failed_task()
    shown = body(operator.get(page_url(message)))
    assert "ada@example.com" not in shown
    assert "•••" in shown
    revealed = operator.post(page_url(message, "reveal"), {"reason": "the shopper asked"})
    assert "ada@example.com" in body(revealed)
    assert "no-store" in revealed.headers["Cache-Control"]
    entry = AuditEntry.objects.get(action="reveal")
    assert (entry.message_id, entry.reason) == (message.pk, "the shopper asked")
    assert LogEntry.objects.get().change_message == "Payload revealed"


def test_lists_and_exports_mask_personal_data(operator):
    failed_task()
    assert "ada@example.com" not in body(operator.get(LIST))
    assert "ada@example.com" not in body(operator.get(GROUPS))
    for kind in ("csv", "json"):
        assert "ada@example.com" not in body(operator.get(LIST + "export/", {"format": kind}))


def test_an_export_contains_the_filtered_list(operator):
    dead("CV-1")
    dead("=CV-2")
    rows = json.loads(body(operator.get(LIST + "export/", {"format": "json", "q": "CV-1"})))
    assert [(row["subject"], row["word"]) for row in rows] == [("CV-1", "dead")]
    lines = body(operator.get(LIST + "export/")).splitlines()
    assert lines[0].startswith("id,state,word,task")
    assert len(lines) == 3
    assert any(",'=CV-2," in line for line in lines)
    assert AuditEntry.objects.filter(action="export").count() == 2


def test_the_detail_page_shows_what_failed_and_the_next_step(operator):
    message = dead("CV-7")
    shown = body(operator.get(page_url(message)))
    assert "tests.sample (CV-7) failed on its first attempt: ValueError." in shown
    assert "An unexpected error in the code or its data" in shown
    assert 'data-kind="own"' in shown
    assert "No actions yet." in shown
    assert "Messages with the same subject" in shown
    assert "bar = " not in shown


def test_the_chain_starts_with_the_cause(operator):
    first = dead("CV-8")
    second = dead("CV-8")
    Message.objects.filter(pk=second.pk).update(causation_id=first.pk)
    from messaging.operations.failures.detail import detail_of

    second.refresh_from_db()
    assert [m.pk for m in detail_of(second).chain] == [first.pk, second.pk]


def test_the_detail_page_warns_when_a_newer_message_has_succeeded(operator):
    message = dead("CV-9")
    with outbox.transaction():
        newer = outbox.enqueue(Sample(text="ok"), subject="CV-9")
    assert deliver(newer).state == State.DONE
    assert "A newer message of the same task and subject has succeeded" in body(operator.get(page_url(message)))


def test_a_discard_can_be_undone_by_its_link(operator):
    message = dead()
    shown = operator.post(page_url(message, "discard"), {"reason": "test"}, follow=True)
    operation = AuditEntry.objects.get(action="discard").operation_id
    undo = reverse("admin:operations_failedtask_undo", args=[operation])
    assert f'href="{undo}"' in body(shown)
    assert "1 discarded task will be restored" in body(operator.get(undo))
    assert "1 task restored." in body(operator.post(undo, follow=True))
    logged = LogEntry.objects.count()
    again = operator.post(undo, follow=True)
    assert [(each.level_tag, str(each)) for each in again.context["messages"]] == [("warning", "0 tasks restored.")]
    assert LogEntry.objects.count() == logged
    message.refresh_from_db()
    assert (message.state, message.note) == (State.DEAD, "")


def test_a_discarded_task_shows_when_it_is_deleted_and_can_be_restored(operator, settings):
    settings.CONVEYOR_KEEP_DISCARDED_DAYS = 10
    message = dead()
    actions.discard(ids=[message.pk], actor=ANN, reason="a test")
    shown = body(operator.get(page_url(message)))
    assert f"{Message.objects.get().finished_at + timedelta(days=10):%Y-%m-%d}" in shown
    assert "1 task restored." in body(operator.post(page_url(message, "restore"), follow=True))


def test_a_failure_can_be_found_in_every_later_state(operator):
    message = dead("CV-3")
    actions.retry(ids=[message.pk], actor=ANN)
    assert "CV-3" not in body(operator.get(LIST))
    assert "pending" in body(operator.get(LIST, {"is": "waiting"}))
    sends = send(message).sends
    assert "CV-3" in body(operator.get(LIST, {"is": "sent"}))
    transitions.bury(message_id=message.pk, sends=sends, failure=synthetic_failure("Bug", "again", task=message.task))
    shown = body(operator.get(LIST, {"is": "again"}))
    assert ">failed again</span>" in shown
    assert "CV-3" in shown


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ({"q": "CV-1"}, {"CV-1"}),
        ({"q": "needle"}, {"CV-2"}),
        ({"q": "payload.text=<script>alert(1)</script>"}, {"CV-1", "CV-2"}),
        ({"q": "payload.text=nothing"}, set()),
        ({"q": "payload.regex=a"}, set()),
        ({"queue": "maintenance"}, {"CV-1", "CV-2"}),
        ({"error_type": "KeyError"}, {"CV-2"}),
        ({"task": "tests.sample"}, {"CV-1", "CV-2"}),
        ({"age": "hour"}, {"CV-1", "CV-2"}),
        ({"age": "older"}, set()),
        ({"from": "2000-01-01", "to": "2000-12-31"}, set()),
        ({"from": "2000-01-01", "to": "x"}, {"CV-1", "CV-2"}),
        ({"is": "all"}, {"CV-1", "CV-2"}),
    ],
)
def test_the_list_is_filtered_by_search_and_facets(operator, query, found):
    dead("CV-1")
    dead("CV-2", error=KeyError("needle"))
    shown = operator.get(LIST, query).context["cl"].result_list
    assert {row.subject for row in shown} == found


def test_a_number_in_the_payload_is_found_by_its_path(operator):
    failed_task(copies=17)
    for path, count in (("copies=17", 1), ("copies=1", 0)):
        assert len(operator.get(LIST, {"q": f"payload.{path}"}).context["cl"].result_list) == count


def test_the_list_can_be_filtered_to_one_group(operator):
    first, _ = dead("CV-1"), dead("CV-2", error=KeyError("needle"))
    shown = operator.get(LIST, {"group": first.fingerprint}).context["cl"].result_list
    assert [row.subject for row in shown] == ["CV-1"]


def test_the_groups_page_shows_trends_and_states(operator):
    message = dead()
    FailureHour.objects.update(count=2)  # two deaths in one hour, whenever the test runs
    FailureGroup.objects.update(dead_count=2, failures=2)
    shown = body(operator.get(GROUPS))
    assert "24 hours: 2 dead" in shown
    assert "peak 2 per hour" in shown
    assert "<svg" in shown
    detail = body(operator.get(f"{GROUPS}{message.fingerprint}/change/"))
    assert "2 dead now, 2 failures in total." in detail
    assert "Acknowledge" in detail


def test_a_group_is_acknowledged_resolved_and_reopened_with_a_note(operator):
    group = FailureGroup.objects.get(pk=dead().fingerprint)
    url = reverse("admin:operations_failuregroup_state", args=[group.pk])
    for state in ("acknowledged", "resolved", "open"):
        operator.post(url, {"state": state, "note": f"{state} it"})
        group.refresh_from_db()
        assert (group.state, group.note) == (state, f"{state} it")
    assert AuditEntry.objects.filter(group=group.pk).count() == 3
    assert "cannot become open" in body(operator.post(url, {"state": "open", "note": "again"}, follow=True))
    assert operator.post(url, {"state": "regressed"}).status_code == 404


def test_a_group_keeps_a_note_and_a_runbook_but_no_script_url(operator):
    group = FailureGroup.objects.get(pk=dead().fingerprint)
    url = reverse("admin:operations_failuregroup_note", args=[group.pk])
    operator.post(url, {"note": "call the bank", "runbook": "https://wiki.example/bank"})
    group.refresh_from_db()
    assert (group.note, group.runbook) == ("call the bank", "https://wiki.example/bank")
    assert "https://wiki.example/bank" in body(operator.get(GROUPS))
    operator.post(url, {"note": "", "runbook": "javascript:alert(1)"})
    group.refresh_from_db()
    assert group.runbook == "https://wiki.example/bank"


def test_discarding_a_group_spares_messages_that_die_later(operator):
    first = dead()
    url = reverse("admin:operations_failuregroup_discard", args=[first.fingerprint])
    until = operator.get(url).context["until"]
    later = dead()
    assert "A reason is required" in body(operator.post(url, {"until": until, "reason": ""}))
    assert "1 task discarded." in body(operator.post(url, {"until": until, "reason": "a test"}, follow=True))
    assert dict(Message.objects.values_list("pk", "state")) == {first.pk: State.DISCARDED, later.pk: State.DEAD}
    assert FailureGroup.objects.get().dead_count == 1
    entry = AuditEntry.objects.get(action="discard")
    assert actions.restore_operation(operation_id=entry.operation_id, actor=ANN) == 1
    first.refresh_from_db()
    assert (first.state, FailureGroup.objects.get().dead_count) == (State.DEAD, 2)


@pytest.mark.skipif(connection.vendor != "postgresql", reason="SQLite has this host's clock")
def test_discarding_a_group_goes_by_the_databases_clock(operator, monkeypatch):
    url, fast = reverse("admin:operations_failuregroup_discard", args=[dead().fingerprint]), timezone.now
    with monkeypatch.context() as patch:
        patch.setattr(timezone, "now", lambda: fast() + timedelta(minutes=5))
        until = operator.get(url).context["until"]
    dead()
    assert "1 task discarded." in body(operator.post(url, {"until": until, "reason": "a test"}, follow=True))


@pytest.mark.parametrize("url", [LIST, GROUPS])
def test_a_list_takes_the_same_number_of_queries_for_any_number_of_rows(operator, url, django_assert_max_num_queries):
    for number in range(20):
        message = dead(error=[ValueError("a"), KeyError("b"), TypeError("c")][number % 3])
        shown = {"error_type": ["", "ValueError", "celery.exceptions.TimeLimitExceeded", "UnknownTask"][number % 4]}
        Message.objects.filter(pk=message.pk).update(task=message.task if number % 5 else "", **shown)
    with django_assert_max_num_queries(12):  # on PostgreSQL one of them begins the snapshot
        operator.get(url)


def test_the_audit_log_and_alerts_can_be_viewed(operator):
    client = client_with("view_auditentry", "view_alert")
    message = dead()
    actions.retry(ids=[message.pk], actor=ANN)
    assert "ann" in body(client.get("/admin/operations/auditentry/"))
    assert client.get("/admin/operations/alert/").status_code == 200
    assert operator.get("/admin/operations/auditentry/").status_code == 403


def test_a_list_action_on_too_many_tasks_changes_nothing(operator, monkeypatch):
    monkeypatch.setattr("messaging.operations.admin.failed_tasks.MAX_SELECTED", 1)
    ids = [str(dead().pk), str(dead().pk)]
    shown = body(operator.post(LIST, {"action": "retry_selected", "_selected_action": ids}, follow=True))
    assert "select at most 1 tasks" in shown
    assert set(Message.objects.values_list("state", flat=True)) == {State.DEAD}
