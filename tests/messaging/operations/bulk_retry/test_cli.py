"""Does `manage.py dlq` do what the pages do, for people and for programs?"""

import io
import json
import sys
from datetime import timedelta

import pytest
from django.core.management import CommandError, call_command
from django.utils import timezone

from messaging.models import Message, State
from messaging.operations.cli import bulk
from messaging.operations.models import AuditEntry, BulkOperation, BulkState
from tests.messaging.operations.bulk_retry.dead import dead, end, relay, turn

pytestmark = pytest.mark.django_db(transaction=True)


def run(*arguments: str) -> str:
    out = io.StringIO()
    call_command("dlq", *arguments, stdout=out)
    return out.getvalue()


def told(*arguments: str):
    return json.loads(run(*arguments, "--json"))


def test_a_preview_says_what_would_go_and_why_the_rest_would_not():
    dead(2)
    dead(task="gone.task")
    facts = told("preview", "--all", "--reason", "mended")
    assert (facts["state"], facts["will_go"], facts["skipped"]) == ("preview", 2, {"unknown_task": 1})
    text = run("preview", "--queue", "maintenance")
    assert "2 will go, 1 are skipped" in text
    assert "1 × no code here knows its task" in text


def test_a_preview_is_started_paused_resumed_and_cancelled_by_its_id():
    dead(3)
    id_ = told("preview", "--all")["id"]
    facts = told("start", id_, "--rate", "5", "--canary", "2", "--stop-ratio", "0.2", "--reason", "mended")
    assert (facts["state"], facts["rate"], facts["canary"], facts["stop_ratio"]) == ("running", 5, 2, 0.2)
    assert [told(wish, id_)["state"] for wish in ("pause", "resume", "cancel")] == ["paused", "running", "cancelled"]
    assert [operation["id"] for operation in told("operations")] == [id_]
    assert f"{id_}  " in run("operations")
    assert AuditEntry.objects.get(action="bulk start").actor.startswith("cli:")


def test_a_retry_with_a_rate_is_previewed_and_started_in_one():
    dead(3)
    facts = told("retry", "--all", "--rate", "7")
    assert (facts["state"], facts["rate"], facts["canary"]) == ("running", 7, 10)
    assert Message.objects.dead().count() == 3, "the driver sends them, not the command"


def test_a_dry_run_keeps_nothing():
    dead(3)
    assert told("retry", "--all", "--rate", "7", "--dry-run")["will_go"] == 3
    assert not BulkOperation.objects.exists()
    assert not AuditEntry.objects.exists()


def test_the_window_of_an_outage_is_chosen_by_its_times():
    now = timezone.now()
    for hours in (1, 30, 60):
        dead(finished_at=now - timedelta(hours=hours))
    since, until = (now - timedelta(hours=hours) for hours in (31, 2))
    assert told("preview", "--since", since.isoformat(), "--until", until.isoformat())["will_go"] == 1
    assert told("preview", "--since", f"{now - timedelta(days=9):%Y-%m-%d}")["will_go"] == 3


@pytest.mark.parametrize(("failing", "code"), [(0, 0), (1, 1)])
def test_waiting_ends_with_an_exit_code_that_says_how_it_went(monkeypatch, failing, code):
    dead(4)
    looks = []

    def play(seconds: float) -> None:
        operation = turn(BulkOperation.objects.get())
        relay()
        end(operation, succeed=operation.sent - failing if looks else 0, fail=failing if looks else 0)
        looks.append(seconds)

    monkeypatch.setattr(bulk.time, "sleep", play)
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True)
    arguments = ("retry", "--all", "--wait", "--canary", "0", "--stop-ratio", "1")
    if code:
        with pytest.raises(SystemExit, match="1"):
            run(*arguments)
    else:
        assert "finished: 4 succeeded" in run(*arguments)
    assert BulkOperation.objects.get().state == BulkState.FINISHED


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["preview"], "Name messages by id"),
        (["start", "7"], "is not the id of a bulk retry"),
        (["pause", "01a20db0-93b6-76a4-a7eb-044c283422e2"], "There is no bulk retry"),
        (["preview", "--since", "soon"], "is not a time"),
        (["preview", "--since", "2026-13-01"], "is not a time"),
        (["retry", "--all", "--rate", "0"], "The rate is from 1"),
        (["retry", "--all", "--canary", "2"], "None of these messages will go"),
    ],
)
def test_what_is_wrong_is_said(arguments, sentence):
    dead(state=State.DONE)
    with pytest.raises(CommandError, match=sentence):
        run(*arguments)


def test_messages_are_chosen_by_id():
    first, _ = dead(2)
    assert told("preview", str(first.pk))["will_go"] == 1
