"""How does an operator retry, edit, discard or restore messages without a browser?"""

import json
from typing import Any

from django.core.management.base import CommandError, CommandParser
from pydantic import ValidationError

from messaging.models import Message, State
from messaging.operations import actions
from messaging.operations.actions import Outcome
from messaging.operations.actions.edit import edited, version_of
from messaging.operations.cli import bulk
from messaging.operations.cli.registry import (
    Out,
    actor,
    chosen,
    message_id,
    require_reason,
    subcommand,
    tell,
    with_json,
    with_selection,
)
from messaging.operations.cli.show import found
from messaging.operations.failures.payload_diff import differences
from messaging.operations.privacy.masking import mask


def _retry_arguments(parser: CommandParser) -> None:
    with_selection(parser)
    bulk.add_pace(parser)
    bulk.add_moments(parser)
    parser.add_argument("--reason", default="")


@subcommand("retry", help="send messages again, by id or all that fit the filters", arguments=_retry_arguments)
def retry(options: dict[str, Any], out: Out) -> None:
    """At once, one by one; with any option of a bulk retry in the background."""
    if bulk.wants_background(options):
        bulk.retry(options, actor=actor(), write=out.write)
        return
    ids = chosen(options)
    dry = options["dry_run"]
    outcome = Outcome(done=ids) if dry else actions.retry(ids=ids, actor=actor(), reason=options["reason"])
    tell(outcome, options, out, verb="retry")


def _discard_arguments(parser: CommandParser) -> None:
    with_selection(parser)
    parser.add_argument("--reason", default="", required=True)


@subcommand("discard", help="give messages up, for a reason", arguments=_discard_arguments)
def discard(options: dict[str, Any], out: Out) -> None:
    require_reason(options)
    ids = chosen(options)
    dry = options["dry_run"]
    outcome = Outcome(done=ids) if dry else actions.discard(ids=ids, actor=actor(), reason=options["reason"])
    tell(outcome, options, out, verb="discard")


def _restore_arguments(parser: CommandParser) -> None:
    parser.add_argument("ids", nargs="+", type=message_id, metavar="ID")
    parser.add_argument("--reason", default="")
    parser.add_argument("--dry-run", action="store_true", help="only say what would be done")
    with_json(parser)


@subcommand("restore", help="make discarded messages dead again, as they were", arguments=_restore_arguments)
def restore(options: dict[str, Any], out: Out) -> None:
    ids = options["ids"]
    if options["dry_run"]:
        there = set(Message.objects.filter(pk__in=ids, state=State.DISCARDED).values_list("pk", flat=True))
        outcome = Outcome([id_ for id_ in ids if id_ in there], {i: "not discarded" for i in ids if i not in there})
    else:
        outcome = actions.restore(ids=ids, actor=actor(), reason=options["reason"])
    tell(outcome, options, out, verb="restore")


def _edit_arguments(parser: CommandParser) -> None:
    parser.add_argument("id", type=message_id)
    parser.add_argument("--payload", required=True, help="the whole new payload, as JSON")
    parser.add_argument("--reason", default="")
    parser.add_argument("--dry-run", action="store_true", help="only show the difference")
    with_json(parser)


@subcommand("edit", help="replace a dead message's payload and send it again", arguments=_edit_arguments)
def edit(options: dict[str, Any], out: Out) -> None:
    message, data = found(options["id"]), _payload(options["payload"])
    if not options["dry_run"]:
        require_reason(options)
    try:
        after = edited(message, data)
        for row in differences(mask(message.payload), mask(after)) if not options["json"] else ():
            if row.kind != "same":
                out.write(f"{row.path}: {row.before} → {row.after}")
        outcome = Outcome(done=[message.pk]) if options["dry_run"] else _edit(message, data, options)
    except ValidationError as error:
        faults = "; ".join(f"{'.'.join(str(part) for part in e['loc'])}: {e['msg']}" for e in error.errors())
        raise CommandError(f"It does not fit the schema of {message.task}; nothing was changed. {faults}") from None
    except actions.CannotEdit as error:
        raise CommandError(str(error)) from None
    tell(outcome, options, out, verb="edit")


def _edit(message: Message, data: dict[str, Any], options: dict[str, Any]) -> Outcome:
    return actions.edit_and_retry(
        id_=message.pk, data=data, seen=version_of(message), actor=actor(), reason=options["reason"]
    )


def _payload(text: str) -> dict[str, Any]:
    try:
        data = json.loads(text)
    except ValueError as error:
        raise CommandError(f"--payload is not JSON: {error}", returncode=2) from None
    if not isinstance(data, dict):
        raise CommandError("--payload must be a JSON object, such as '{\"order_id\": 17}'.", returncode=2)
    return data
