"""`dlq list`, `show` and `export`."""

import json
from datetime import datetime
from typing import Any

from django.core.management.base import CommandError, CommandParser

from messaging import clock
from messaging.models import Message, State
from messaging.operations import actions
from messaging.operations.cli.registry import (
    CHUNK,
    Out,
    actor,
    filters,
    first,
    message_id,
    subcommand,
    with_filters,
    with_json,
    write_page,
)
from messaging.operations.failures import export as files
from messaging.operations.failures import labels, selectors
from messaging.operations.failures.detail import detail_of
from messaging.operations.privacy.masking import mask, mask_text

#: `failed_at` of JSON is when the message ended, which may have been a success since.
_LABELS = {"word": "state", "failed_at": "ended_at"}


def _list_arguments(parser: CommandParser) -> None:
    parser.add_argument("--limit", type=int, default=50)
    parser.add_argument("--quarantined", action="store_true", help="only quarantined messages")
    with_filters(parser)
    with_json(parser)


@subcommand("list", help="list dead messages, newest failure first", arguments=_list_arguments)
def list_(options: dict[str, Any], out: Out) -> None:
    found = selectors.failed_tasks(**filters(options), quarantined=options["quarantined"])
    messages = found[first(options)].iterator(chunk_size=CHUNK)
    if options["json"]:
        write_page(map(files.summary, messages), out, count=found.count())
        return
    for message in messages:
        label = labels.label_of(message)
        word = "" if label == State.DEAD.label else f"  ({label})"
        at = clock.exact(message.finished_at)
        out.write(f"{message.pk}  {at}  {message.task:28} {message.subject:16} {message.error_type}{word}")
    out.write(f"{found.count()} dead")


def _show_arguments(parser: CommandParser) -> None:
    parser.add_argument("id", type=message_id)
    parser.add_argument("--reveal", action="store_true", help="show personal data; recorded in the audit log")
    parser.add_argument("--reason", default="", help="why you need the personal data")
    with_json(parser)


@subcommand("show", help="show one message: payload, attempts, history and next step", arguments=_show_arguments)
def show(options: dict[str, Any], out: Out) -> None:
    message = message_of(options["id"])
    facts = _facts(message, revealed=options["reveal"], reason=options["reason"])
    if options["json"]:
        out.write(json.dumps(facts))
        return
    for key in (
        "id", "word", "task", "queue", "subject", "failed_at", "error", "message", "attempts", "payload", "next",
        "last_release",
    ):  # fmt: skip
        if facts[key] is not None:
            out.write(f"{_LABELS.get(key, key):12} {_text(message, key, facts[key])}")
    out.write(f"{'action':12} {facts['next_step']['action']}")
    for attempt in facts["attempt_log"]:
        where = f"{attempt['worker'] or 'an unknown worker'}, release {attempt['release'] or 'unknown'}"
        out.write(f"\nattempt {attempt['number']} on {where}")
        out.write(str(attempt["traceback"] or attempt["message"]))
        if attempt["log"]:
            out.write(f"log:\n{attempt['log']}")
        for exchange in attempt["exchanges"]:
            out.write(f"outside: {json.dumps(exchange)}")
    for entry in facts["history"]:
        at = clock.exact(datetime.fromisoformat(entry["at"]))
        out.write(f"{at}  {entry['actor']} {entry['action']}: {entry['reason']}")


def _export_arguments(parser: CommandParser) -> None:
    parser.add_argument("--format", choices=("csv", "json"), default="csv")
    parser.add_argument("--reason", default="", help="why you export; recorded in the audit log")
    with_filters(parser)
    with_json(parser)


@subcommand("export", help="export dead messages as CSV or JSON, personal data masked", arguments=_export_arguments)
def export(options: dict[str, Any], out: Out) -> None:
    wanted: dict[str, Any] = {name: value for name, value in filters(options).items() if value}
    actions.record_export(actor=actor(), filters=wanted, reason=options["reason"])
    rows = selectors.failed_tasks(**wanted).iterator(chunk_size=CHUNK)
    as_json = options["json"] or options["format"] == "json"
    for line in files.as_json(rows) if as_json else files.as_csv(rows):
        out.write(line.replace("\r\n", "\n"), ending="")


def _text(message: Message, key: str, value: Any) -> Any:
    """The payload is what `dlq edit --payload` takes."""
    if key == "failed_at":
        return clock.exact(message.finished_at)
    return json.dumps(value, ensure_ascii=False) if key == "payload" else value


def message_of(id_: Any) -> Message:
    message = Message.objects.filter(pk=id_).first()
    if message is None:
        raise CommandError(f"There is no message {id_}; list the dead ones with `dlq list`.")
    return message


def _facts(message: Message, *, revealed: bool, reason: str) -> dict[str, Any]:
    detail = detail_of(message)
    payload = actions.reveal(message=message, actor=actor(), reason=reason) if revealed else mask(message.payload)
    attempts = [
        {"number": row.attempt.number, "ended_at": row.attempt.ended_at.isoformat(), "worker": row.attempt.worker,
         "error": row.attempt.error_type, "message": row.message, "release": row.attempt.release,
         "started_at": row.attempt.started_at.isoformat() if row.attempt.started_at else None,
         "traceback": "\n".join(part.text for part in row.parts), "payload": row.payload, "log": row.log,
         "exchanges": row.exchanges}
        for row in detail.attempts
    ]  # fmt: skip
    history = [
        {"at": entry.at.isoformat(timespec="seconds"), "actor": entry.actor, "action": entry.action,
         "reason": mask_text(entry.reason)}
        for entry in detail.history
    ]  # fmt: skip
    purged = labels.purged_at(message)
    return files.summary(message) | {
        "payload": payload,
        "note": mask_text(message.note),
        "next": detail.advice.step.text,
        "next_step": detail.advice.step.as_dict(),
        "revivals": message.revivals,
        "last_release": detail.last_run.release if detail.last_run else None,
        "purged_at": purged.isoformat(timespec="seconds") if purged else None,
        "attempt_log": attempts,
        "history": history,
    }
