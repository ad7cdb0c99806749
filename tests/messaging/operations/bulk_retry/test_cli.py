"""`manage.py dlq`: bulk retries, as text and as JSON."""

import io
import json
import sys
from datetime import timedelta

import pytest
from django.core.management import CommandError, call_command
from django.utils import timezone

from messaging.models import Message, State
from messaging.operations.bulk_retry import services
from messaging.operations.cli import bulk_retries
from messaging.operations.models import AuditEntry, BulkOperation, BulkState
from tests.messaging.operations.bulk_retry.dead import dead, end, relay, turn

pytestmark = pytest.mark.django_db(transaction=True)


def run(*arguments: str) -> str:
    out = io.StringIO()
    call_command("dlq", *arguments, stdout=out)
    return out.getvalue()


def as_json(*arguments: str):
    return json.loads(run(*arguments, "--json"))


def test_a_preview_shows_what_will_be_retried_and_why_the_rest_is_skipped():
    dead(2)
    dead(task="gone.task")
    facts = as_json("preview", "--all", "--reason", "fixed")
    assert (facts["state"], facts["will_go"], facts["skipped"]) == ("preview", 2, {"unknown_task": 1})
    text = run("preview", "--queue", "maintenance")
    assert "2 to be retried, 1 skipped" in text
    assert "1 × its task is unknown to the deployed code" in text


def test_the_times_of_a_selection_are_shown_like_all_times():
    run("preview", "--since", "2026-05-02T14:00", "--until", "2026-05-02T15:00:30+02:00")
    assert "died on or after 2026-05-02 14:00:00 UTC, died before 2026-05-02 13:00:30 UTC" in run("operations")


def test_a_preview_is_started_paused_resumed_and_cancelled_by_its_id():
    dead(3)
    id_ = as_json("preview", "--all")["id"]
    facts = as_json("start", id_, "--rate", "5", "--canary", "2", "--stop-ratio", "0.2", "--reason", "fixed")
    assert (facts["state"], facts["rate"], facts["canary"], facts["stop_ratio"]) == ("running", 5, 2, 0.2)
    assert [as_json(action, id_)["state"] for action in ("pause", "resume", "cancel")] == [
        "paused",
        "running",
        "cancelled",
    ]
    assert [operation["id"] for operation in as_json("operations")] == [id_]
    assert f"{id_}  " in run("operations")
    assert AuditEntry.objects.get(action="bulk start").actor.startswith("cli:")


def test_a_retry_with_a_rate_previews_and_starts_in_one_step():
    dead(3)
    facts = as_json("retry", "--all", "--rate", "7")
    assert (facts["state"], facts["rate"], facts["canary"]) == ("running", 7, 10)
    assert Message.objects.dead().count() == 3, "the driver sends them, not the command"


def test_a_dry_run_stores_nothing():
    dead(3)
    assert as_json("retry", "--all", "--rate", "7", "--dry-run")["will_go"] == 3
    assert run("retry", "--all", "--rate", "7", "--dry-run").startswith("dry run  "), "an ID of nothing leads nowhere"
    assert not BulkOperation.objects.exists()
    assert not AuditEntry.objects.exists()


def test_an_outage_is_selected_by_its_times():
    now = timezone.now()
    for hours in (1, 30, 60):
        dead(finished_at=now - timedelta(hours=hours))
    since, until = (now - timedelta(hours=hours) for hours in (31, 2))
    assert as_json("preview", "--since", since.isoformat(), "--until", until.isoformat())["will_go"] == 1
    assert as_json("preview", "--since", f"{now - timedelta(days=9):%Y-%m-%d}")["will_go"] == 3


@pytest.mark.parametrize(("failing", "code"), [(0, 0), (1, 1)])
def test_the_exit_code_of_wait_reports_the_result(monkeypatch, capsys, failing, code):
    dead(4)
    polls = []

    def play(seconds: float) -> None:
        operation = turn(BulkOperation.objects.get())
        relay()
        end(operation, succeed=operation.sent - failing if polls else 0, fail=failing if polls else 0)
        polls.append(seconds)

    monkeypatch.setattr(bulk_retries.time, "sleep", play)
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True)
    arguments = ("retry", "--all", "--wait", "--canary", "0", "--stop-ratio", "1")
    if code:
        with pytest.raises(SystemExit, match="1"):
            run(*arguments)
    else:
        assert "finished: 4 succeeded" in run(*arguments)
    operation = BulkOperation.objects.get()
    assert operation.state == BulkState.FINISHED
    announced, _, _ = capsys.readouterr().err.partition("\n")
    assert announced.startswith(f"Waiting for the bulk retry {operation.pk}. It runs on without this command")


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["preview"], "Select messages by id"),
        (["start", "7"], "is not the id of a bulk retry"),
        (["pause", "01a20db0-93b6-76a4-a7eb-044c283422e2"], "There is no bulk retry"),
        (["preview", "--since", "soon"], "is not a time"),
        (["preview", "--since", "2026-13-01"], "is not a time"),
        (["retry", "--all", "--rate", "0"], "The rate must be between 1"),
        (["retry", "--all", "--canary", "2"], "none of these messages will be retried"),
    ],
)
def test_invalid_usage_is_explained(arguments, sentence):
    dead(state=State.DONE)
    with pytest.raises(CommandError, match=sentence):
        run(*arguments)


def test_messages_are_selected_by_id():
    first, _ = dead(2)
    assert as_json("preview", str(first.pk))["will_go"] == 1


@pytest.mark.parametrize("arguments", [["preview", "--all"], ["retry", "--all", "--rate", "5"]])
def test_a_selection_beyond_the_limit_is_explained(arguments, monkeypatch):
    monkeypatch.setattr(services, "MAX_MESSAGES", 1)
    dead(2)
    with pytest.raises(CommandError, match="Narrow the selection"):
        run(*arguments)
