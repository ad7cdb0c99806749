"""`manage.py dlq`: groups, restore, edit, show, export."""

import json
import sys
import uuid

import pytest
from django.core.management import CommandError, call_command
from django.db import connection
from django.test.utils import CaptureQueriesContext

from messaging import transitions
from messaging.models import Message, State
from messaging.operations import actions
from messaging.operations.actions import groups as group_actions
from messaging.operations.cli import registry
from messaging.operations.models import AuditEntry, FailureGroup, PayloadEdit
from messaging.operations.permissions import Actor
from tests.messaging.operations.desk import quarantined
from tests.messaging.test_commands import dead, run

pytestmark = pytest.mark.django_db(transaction=True)


def test_groups_are_listed_and_moved(capsys):
    group = FailureGroup.objects.get(pk=_fingerprint())
    listed = json.loads(run(capsys, "dlq", "groups", "--json"))
    assert [(row["group"], row["dead"], row["state"]) for row in listed["results"]] == [(group.pk, 1, "open")]
    assert run(capsys, "dlq", "groups", "--queue", "maintenance").endswith("\n1 group\n")
    assert "0 groups" in run(capsys, "dlq", "groups", "--state", "resolved")
    assert "would resolve" in run(capsys, "dlq", "groups", "--resolve", group.pk, "--dry-run")
    dry = json.loads(run(capsys, "dlq", "groups", "--resolve", group.pk, "--dry-run", "--json"))
    assert dry == {"group": group.pk, "would": "resolve", "dead": group.dead_count}
    resolved = json.loads(run(capsys, "dlq", "groups", "--resolve", group.pk, "--reason", "fixed", "--json"))
    assert resolved == {"group": group.pk, "done": 1}
    group.refresh_from_db()
    assert (group.state, group.note) == ("resolved", "fixed")
    with pytest.raises(CommandError, match="cannot become"):
        call_command("dlq", "groups", "--acknowledge", group.pk)


def test_a_group_is_discarded_and_its_messages_restored(capsys):
    message = dead()
    group = FailureGroup.objects.get().pk
    with pytest.raises(CommandError, match="A reason is required"):
        call_command("dlq", "groups", "--discard", group)
    assert "1 done" in run(capsys, "dlq", "groups", "--discard", group, "--reason", "a test")
    assert "would restore 1, would skip 0" in run(capsys, "dlq", "restore", str(message.pk), "--dry-run")
    assert json.loads(run(capsys, "dlq", "restore", str(message.pk), "--json"))["done"] == [str(message.pk)]
    assert Message.objects.get().state == State.DEAD
    with pytest.raises(SystemExit, match="1"):
        call_command("dlq", "restore", str(message.pk))


@pytest.mark.parametrize("verb", ["retry", "discard", "restore", "release"])
def test_a_dry_run_skips_what_would_be_skipped_and_changes_nothing(capsys, verb):
    """The four differ in what they leave out: each message here is one that some of them do not take."""
    ids = [str(quarantined().pk), str(dead().pk), str(dead().pk), str(uuid.uuid4())]
    actions.discard(ids=[uuid.UUID(ids[2])], actor=Actor.system("ann"), reason="a test")
    arguments = ("dlq", verb, *ids, "--reason", "a test", "--json")
    before = rows()
    would = outcome_of(capsys, *arguments, "--dry-run")
    assert rows() == before
    assert would == outcome_of(capsys, *arguments)
    assert would["skipped"]


def rows() -> list[list[tuple]]:
    return [list(model.objects.order_by("pk").values_list()) for model in (Message, AuditEntry, FailureGroup)]


def outcome_of(capsys, *arguments: str) -> dict:
    with pytest.raises(SystemExit, match="1"):
        call_command(*arguments)
    return json.loads(capsys.readouterr().out)


def test_an_edit_shows_the_difference_and_retries(capsys):
    message = dead()
    arguments = ("dlq", "edit", str(message.pk), "--payload", '{"text": "b"}')
    assert "text: a → b" in run(capsys, *arguments, "--dry-run")
    assert Message.objects.get().state == State.DEAD
    with pytest.raises(CommandError, match="A reason is required"):
        call_command(*arguments)
    assert "edited 1, skipped 0" in run(capsys, *arguments, "--reason", "typo")
    assert PayloadEdit.objects.get().before == {"text": "a"}
    assert AuditEntry.objects.get(action="edit").actor.startswith("cli:")


def test_an_id_that_is_given_twice_is_done_once(capsys):
    id_ = str(dead().pk)
    assert json.loads(run(capsys, "dlq", "preview", id_, id_, "--json"))["chosen"] == {"ids": 1}
    assert "discarded 1, skipped 0" in run(capsys, "dlq", "discard", id_, id_.upper(), "--reason", "twice")
    assert "restored 1, skipped 0" in run(capsys, "dlq", "restore", id_, id_)
    assert "retried 1, skipped 0" in run(capsys, "dlq", "retry", id_, id_)


@pytest.mark.parametrize(
    ("payload", "error"),
    [("{", "is not JSON"), ("[]", "must be a JSON object"), ('{"text": 5}', "text: Input should be a valid string")],
)
def test_an_invalid_edit_names_the_error(payload, error):
    with pytest.raises(CommandError, match=error):
        call_command("dlq", "edit", str(dead().pk), "--payload", payload, "--reason", "x")


def test_a_message_of_an_unknown_task_cannot_be_edited():
    message = dead()
    Message.objects.update(task="no.such")
    with pytest.raises(CommandError, match="does not know the task"):
        call_command("dlq", "edit", str(message.pk), "--payload", "{}", "--reason", "x")


def test_show_masks_personal_data_until_it_is_revealed(capsys):
    message = dead()
    Message.objects.update(payload={"email": "ada@example.com"})
    shown = json.loads(run(capsys, "dlq", "show", str(message.pk), "--json"))
    assert shown["payload"] == {"email": "•••"}
    assert shown["next"] == shown["next_step"]["text"]
    assert shown["next_step"]["text"].startswith("The payload does not match the schema")
    assert shown["next_step"]["action"] == "edit"
    shown = json.loads(run(capsys, "dlq", "show", str(message.pk), "--reveal", "--reason", "she asked", "--json"))
    assert shown["payload"] == {"email": "ada@example.com"}
    assert AuditEntry.objects.get().reason == "she asked"


def test_the_payload_that_is_shown_can_be_edited_and_what_is_unknown_is_left_out(capsys):
    message = dead()
    assert run(capsys, "dlq", "discard", str(message.pk), "--reason", "x").splitlines() == ["discarded 1, skipped 0"]
    shown = run(capsys, "dlq", "show", str(message.pk))
    assert "failed_at" not in shown, "its time is that of the end, which a discard or a success is, too"
    payload = next(line for line in shown.splitlines() if line.startswith("payload")).removeprefix("payload").strip()
    assert json.loads(payload) == message.payload
    assert "None\n" not in shown


def test_an_export_is_csv_or_json(capsys):
    dead("CV-1")
    dead("CV-2")
    assert len(run(capsys, "dlq", "export").splitlines()) == 3
    rows = json.loads(run(capsys, "dlq", "export", "--format", "json", "--subject", "CV-2"))
    assert [row["subject"] for row in rows] == ["CV-2"]


@pytest.mark.parametrize("arguments", [["groups", "--resolve", "nothing"], ["groups", "--discard", "nothing"]])
def test_an_unknown_group_is_an_error(arguments):
    with pytest.raises(CommandError, match="There is no group"):
        call_command("dlq", *arguments)


def _fingerprint() -> str:
    return dead().fingerprint or FailureGroup.objects.get().pk


@pytest.fixture
def _slices_of_two(monkeypatch):
    monkeypatch.setattr(registry, "CHUNK", 2)


@pytest.mark.usefixtures("_slices_of_two")
def test_all_messages_are_discarded_in_slices_as_one_operation(capsys, monkeypatch):
    ids = sorted(str(dead().pk) for _ in range(5))
    arguments = ("dlq", "discard", "--all", "--reason", "a test")
    assert run(capsys, *arguments, "--dry-run") == "would discard 5, would skip 0\n"
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True)
    with CaptureQueriesContext(connection) as captured:
        call_command(*arguments, "--json")
    printed = capsys.readouterr()
    assert json.loads(printed.out) == {"done": ids, "skipped": {}}
    undo, _, progress = printed.err.partition("\n")
    assert progress == "\r\x1b[Kdiscarded 2\r\x1b[Kdiscarded 4\r\x1b[Kdiscarded 5\r\x1b[K"
    assert sum(query["sql"].endswith("LIMIT 2") for query in captured) == 4
    (operation,) = set(AuditEntry.objects.values_list("operation_id", flat=True))
    assert undo == f"`manage.py dlq restore --operation {operation}` undoes this discard."
    assert run(capsys, *arguments) == "discarded 0, skipped 0\n"


@pytest.mark.usefixtures("_slices_of_two")
def test_a_discard_is_undone_as_a_whole_even_if_it_did_not_live_to_its_report(capsys, monkeypatch):
    """Where it got to is known to the audit log alone: it prints no ids."""
    for _ in range(5):
        dead()
    real, calls = actions.discard, []

    def killed(**arguments):
        calls.append(arguments)
        if len(calls) == 3:
            raise KeyboardInterrupt
        return real(**arguments)

    monkeypatch.setattr(actions, "discard", killed)
    with pytest.raises(KeyboardInterrupt):
        call_command("dlq", "discard", "--all", "--reason", "a test")
    operation = calls[0]["operation_id"]
    assert str(operation) in capsys.readouterr().err
    undo = ("dlq", "restore", "--operation", str(operation))
    assert run(capsys, *undo, "--dry-run") == "would restore 4, would skip 0\n"
    assert run(capsys, *undo) == "restored 4, skipped 0\n"
    assert Message.objects.dead().count() == 5
    with pytest.raises(CommandError, match=r"no discard .* has left any message discarded"):
        call_command(*undo)


def test_a_discard_of_a_group_is_undone_as_a_whole_even_if_it_did_not_live_to_its_report(capsys, monkeypatch):
    for _ in range(2):
        dead()
    real, calls = transitions.discard_locked, []

    def killed(rows, **how):
        calls.append(how["intervention"].operation_id)
        if len(calls) == 2:
            raise KeyboardInterrupt
        real(rows, **how)

    monkeypatch.setattr(transitions, "discard_locked", killed)
    monkeypatch.setattr(group_actions, "BATCH", 1)
    with pytest.raises(KeyboardInterrupt):
        call_command("dlq", "groups", "--discard", _fingerprint(), "--reason", "a test")
    undo = f"dlq restore --operation {calls[0]}"
    assert undo in capsys.readouterr().err
    assert run(capsys, *undo.split()) == "restored 1, skipped 0\n"


@pytest.mark.parametrize("arguments", [[], ["01a20db0-93b6-76a4-a7eb-044c283422e2"] * 2])
def test_a_restore_takes_messages_or_a_discard(arguments):
    options = ["--operation", *arguments] if arguments else []
    with pytest.raises(CommandError, match="Give the ids of messages, or with --operation the one of a discard"):
        call_command("dlq", "restore", *options)


@pytest.mark.usefixtures("_slices_of_two")
def test_what_is_skipped_in_any_slice_is_listed(capsys):
    ids = [dead().pk for _ in range(3)]
    Message.objects.filter(pk=ids[0]).update(state=State.DONE)
    with pytest.raises(SystemExit, match="1"):
        call_command("dlq", "retry", *map(str, ids))
    first, second = capsys.readouterr().out.splitlines()
    assert first == "retried 2, skipped 1"
    assert second.startswith(f"  {ids[0]}: ")


@pytest.mark.parametrize(
    "arguments",
    [
        ("dlq", "list", "--subject", "CV\udcff"),
        ("dlq", "retry", "--all", "--reason", "fixed\udcff"),
        ("dlq", "discard", "--all", "--reason", "\ud800"),
        ("queue", "pause", "maintenance", "--reason", "\udcff"),
    ],
)
def test_an_argument_in_another_encoding_is_refused_with_a_sentence(arguments):
    """As of a terminal in Latin-1: Python keeps such bytes as halves of surrogate pairs."""
    message = dead()
    with pytest.raises(CommandError, match=r"--(subject|reason) is not UTF-8 text\. Nothing was done\.") as refused:
        call_command(*arguments)
    assert refused.value.returncode == 2
    assert Message.objects.get(pk=message.pk).state == State.DEAD
    assert not AuditEntry.objects.exists()


def test_a_payload_nested_without_end_is_refused():
    with pytest.raises(CommandError, match="--payload is not JSON"):
        call_command("dlq", "edit", str(dead().pk), "--payload", "[" * 100_000, "--reason", "x")
