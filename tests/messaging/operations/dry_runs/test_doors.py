"""Dry runs by page, command and API: permission, result, refusals."""

import io
import json

import pytest
from django.core.exceptions import PermissionDenied
from django.core.management import CommandError, call_command

from messaging import outbox
from messaging.conf import settings
from messaging.models import Message, State
from messaging.operations import actions
from messaging.operations.dry_runs import run
from messaging.operations.models import AuditEntry
from messaging.operations.permissions import Actor
from tests.api.client import post as api_post
from tests.api.client import token_of
from tests.factories import client_with
from tests.messaging.operations.desk import body, dead, failed_task, page_url
from tests.messaging.samples import Bug, Sample, behaviour
from tests.messaging.worker.helpers import fail

pytestmark = pytest.mark.django_db(transaction=True)
TEXT = "<script>alert(1)</script>"
BUTTON = "Dry run: would it pass now?"


@pytest.fixture
def message() -> Message:
    return dead()


def command(message: Message, *options: str) -> tuple[str, int]:
    out = io.StringIO()
    try:
        call_command("dlq", "dry-run", str(message.pk), *options, stdout=out)
    except SystemExit as ended:
        return out.getvalue(), int(ended.code or 0)
    return out.getvalue(), 0


def test_a_traceback_names_files_of_the_project_from_its_own_folder(message):
    behaviour[TEXT] = fail(Bug("still broken"))
    shown, code = command(message)
    assert code == 1
    assert 'File "tests/messaging/' in shown
    assert f'"{settings.BASE_DIR}/tests' not in shown


def test_the_page_shows_what_it_would_send(message):
    def succeed(task, payload):
        with task.complete():
            outbox.enqueue(Sample(text="to ada@example.com"), subject="CV-9")

    behaviour[TEXT] = succeed
    client = client_with("view_failedtask", "retry_message")
    assert BUTTON in body(client.get(page_url(message)))
    page = body(client.post(page_url(message, "dry_run")))
    assert "It would complete." in page
    assert "tests.sample CV-9" in page
    assert "to •••@•••" in page
    begun, ended = AuditEntry.objects.order_by("id")
    assert (begun.action, ended.action) == ("dry run", "dry run ended")
    assert (begun.data, ended.data) == ({"release": settings.CONVEYOR_RELEASE}, {"verdict": "completes"})
    assert {entry.message_id for entry in (begun, ended)} == {message.pk}
    assert begun.actor == ended.actor


def test_a_run_that_takes_its_process_along_is_in_the_audit_log(message, monkeypatch):
    """`KeyboardInterrupt` stands for whatever ends the process."""

    def cut_off(message):
        raise KeyboardInterrupt

    monkeypatch.setattr(run, "dry_run", cut_off)
    with pytest.raises(KeyboardInterrupt):
        command(message, "--reason", "is it fixed")
    (entry,) = AuditEntry.objects.all()
    assert (entry.action, entry.reason) == ("dry run", "is it fixed")


def test_the_page_shows_why_it_would_fail(message):
    behaviour[TEXT] = fail(Bug("no mailbox ada@example.com <b>"))
    page = body(client_with("view_failedtask", "retry_message").post(page_url(message, "dry_run")))
    assert "It would fail: Bug." in page
    assert "no mailbox •••@••• &lt;b&gt;" in page
    assert "ada@example.com" not in page


def test_it_needs_the_permission_to_retry(message):
    client = client_with("view_failedtask")
    assert BUTTON not in body(client.get(page_url(message)))
    assert client.post(page_url(message, "dry_run")).status_code == 403
    with pytest.raises(PermissionDenied):
        actions.dry_run(message=message, actor=Actor(name="eve", may=lambda codename: False))
    assert api_post(f"/failed-tasks/{message.pk}/dry-run/", "{}", token=token_of(username="eve")).status_code == 403
    assert not AuditEntry.objects.exists()


def test_it_cannot_be_opened_by_a_link(message):
    assert client_with("view_failedtask", "retry_message").get(page_url(message, "dry_run")).status_code == 405


def test_the_command_tells_by_its_exit_code(message):
    assert command(message) == ("It would complete.\n", 0)
    behaviour[TEXT] = fail(Bug("broken"))
    text, code = command(message, "--json")
    facts = json.loads(text)
    assert (code, facts["verdict"], facts["error"]["message"]) == (1, "fails", "broken")


def test_a_message_that_lost_its_worker_runs_in_a_process_of_its_own_only(message):
    Message.objects.filter(pk=message.pk).update(error_type="WorkerLost")
    client = client_with("view_failedtask", "retry_message")
    page = body(client.get(page_url(message)))
    assert f"Run it in one of its own: <code>manage.py dlq dry-run {message.pk}</code>" in page
    assert "Dry run: would it pass now?" not in page
    page = body(client.post(page_url(message, "dry_run"), follow=True))
    assert f"manage.py dlq dry-run {message.pk}" in page
    answer = api_post(f"/failed-tasks/{message.pk}/dry-run/", "{}", token=token_of("retry_message", username="olga"))
    assert (answer.status_code, answer.json()["type"].rpartition(":")[2]) == (409, "no-dry-run")
    assert not AuditEntry.objects.exists()
    assert command(message)[1] == 0


def test_the_button_is_offered_where_a_run_ends_no_process(message):
    page = body(client_with("view_failedtask", "retry_message").get(page_url(message)))
    assert "Dry run: would it pass now?" in page
    assert "manage.py dlq dry-run" not in page


def test_a_message_that_no_worker_knows_or_that_is_alive_is_refused(message):
    unknown = failed_task()
    with pytest.raises(CommandError, match="does not know the task"):
        command(unknown)
    Message.objects.filter(pk=message.pk).update(state=State.PENDING)
    with pytest.raises(CommandError, match="Only a dead message"):
        command(message)


def test_the_api_returns_the_result(message):
    answer = api_post(f"/failed-tasks/{message.pk}/dry-run/", "{}", token=token_of("retry_message", username="olga"))
    assert answer.status_code == 200
    assert (answer.json()["verdict"], answer.json()["enqueued"]) == ("completes", [])
