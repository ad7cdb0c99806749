"""`dlq retry`, `discard`, `restore` and `edit`."""

import json
import uuid
from argparse import ArgumentTypeError
from collections.abc import Callable, Iterable, Iterator
from functools import partial
from typing import Any

from django.core.management.base import CommandError, CommandParser
from django.db import transaction
from pydantic import ValidationError

from messaging.models import Message
from messaging.models.uuid7 import uuid7
from messaging.operations import actions
from messaging.operations.actions import Outcome
from messaging.operations.actions.edit import edited
from messaging.operations.actions.groups import discarded_by, left_discarded
from messaging.operations.cli import bulk_retries
from messaging.operations.cli.registry import (
    Out,
    actor,
    announce_discard,
    message_id,
    report,
    require_reason,
    selected_slices,
    slices_of,
    subcommand,
    with_dry_run,
    with_ids,
    with_json,
    with_selection,
)
from messaging.operations.cli.show import message_of
from messaging.operations.failures.payload_diff import differences
from messaging.operations.privacy.masking import mask


def _retry_arguments(parser: CommandParser) -> None:
    with_selection(parser)
    with_dry_run(parser)
    bulk_retries.with_pace(parser)
    bulk_retries.with_times(parser)
    parser.add_argument(
        "--confirm-quarantined", action="store_true", help="retry a quarantined message too; takes one id"
    )
    parser.add_argument("--reason", default="")


@subcommand("retry", help="retry messages by id or by filters", arguments=_retry_arguments)
def retry(options: dict[str, Any], out: Out) -> None:
    """Immediately, one by one; as a bulk retry in the background if any of its options is given."""
    confirmed = options["confirm_quarantined"]
    if confirmed and (len(options["ids"]) != 1 or bulk_retries.wants_background(options)):
        raise CommandError("--confirm-quarantined takes one id: quarantined messages are retried singly.", returncode=2)
    if bulk_retries.wants_background(options):
        bulk_retries.retry(options, out)
        return
    how = {"actor": actor(), "reason": options["reason"], "confirm_quarantined": confirmed}
    report(_outcomes(selected_slices(options), options, partial(_retry, **how)), options, out, verb="retry")


def _retry(**arguments: Any) -> Outcome:
    """Names the command that retries a quarantined message."""
    outcome = actions.retry(**arguments)
    for id_ in outcome.quarantined:
        outcome.skipped[id_] += f": dlq retry {id_} --confirm-quarantined"
    return outcome


def _ids_arguments(parser: CommandParser, nargs: str = "+") -> None:
    with_ids(parser, nargs=nargs)
    parser.add_argument("--reason", default="")
    with_dry_run(parser)
    with_json(parser)


@subcommand("release", help="release messages from quarantine; they stay dead", arguments=_ids_arguments)
def release(options: dict[str, Any], out: Out) -> None:
    act = partial(actions.release, actor=actor(), reason=options["reason"])
    report(_outcomes([options["ids"]], options, act), options, out, verb="release")


def _discard_arguments(parser: CommandParser) -> None:
    with_selection(parser)
    with_dry_run(parser)
    parser.add_argument("--reason", default="", required=True)


@subcommand("discard", help="discard messages; needs a reason", arguments=_discard_arguments)
def discard(options: dict[str, Any], out: Out) -> None:
    require_reason(options)
    how = {"actor": actor(), "reason": options["reason"], "operation_id": (operation := uuid7())}
    slices = selected_slices(options)
    if not options["dry_run"]:
        announce_discard(operation)
    report(_outcomes(slices, options, partial(actions.discard, **how)), options, out, verb="discard")


def _outcomes(
    slices: Iterable[list[uuid.UUID]], options: dict[str, Any], act: Callable[..., Outcome]
) -> Iterator[Outcome]:
    """Slice by slice, so that any number of messages takes the same memory.

    A dry run does what would be done, message by message, and rolls each back: it skips what would be skipped.
    """
    for ids in slices:
        if not options["dry_run"]:
            yield act(ids=ids)
            continue
        for id_ in ids:
            with transaction.atomic():
                outcome = act(ids=[id_])
                transaction.set_rollback(True)
            yield outcome


def _discard_id(value: str) -> uuid.UUID:
    try:
        return uuid.UUID(value)
    except ValueError:
        raise ArgumentTypeError(f"{value!r} is not the operation ID of a discard; the audit log has it") from None


def _restore_arguments(parser: CommandParser) -> None:
    _ids_arguments(parser, nargs="*")
    parser.add_argument("--operation", type=_discard_id, metavar="ID", help="all that this discard left discarded")


@subcommand("restore", help="undo a discard: make discarded messages dead again", arguments=_restore_arguments)
def restore(options: dict[str, Any], out: Out) -> None:
    ids, operation = options["ids"], options["operation"]
    if bool(ids) == bool(operation):
        raise CommandError("Give the ids of messages, or with --operation the one of a discard.", returncode=2)
    if operation and not discarded_by(operation):
        raise CommandError(f"Nothing was changed: no discard {operation} has left any message discarded.")
    act = partial(actions.restore, actor=actor(), reason=options["reason"], operation_id=operation)
    slices = slices_of(left_discarded(operation)) if operation else [ids]
    report(_outcomes(slices, options, act), options, out, verb="restore")


def _edit_arguments(parser: CommandParser) -> None:
    parser.add_argument("id", type=message_id)
    parser.add_argument("--payload", required=True, help="the complete new payload, as JSON")
    parser.add_argument("--reason", default="")
    with_dry_run(parser)
    with_json(parser)


@subcommand("edit", help="replace a dead message's payload and retry it", arguments=_edit_arguments)
def edit(options: dict[str, Any], out: Out) -> None:
    message, data = message_of(options["id"]), _payload(options["payload"])
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
        raise CommandError(
            f"Nothing was changed: the payload does not match the schema of {message.task}. {faults}"
        ) from None
    except actions.CannotEdit as error:
        raise CommandError(str(error)) from None
    report([outcome], options, out, verb="edit")


def _edit(message: Message, data: dict[str, Any], options: dict[str, Any]) -> Outcome:
    return actions.edit_and_retry(
        id_=message.pk, data=data, seen=actions.version_of(message), actor=actor(), reason=options["reason"]
    )


def _payload(text: str) -> dict[str, Any]:
    try:
        data = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise CommandError(f"--payload is not JSON: {error}", returncode=2) from None
    if not isinstance(data, dict):
        raise CommandError("--payload must be a JSON object, such as '{\"order_id\": 17}'.", returncode=2)
    return data
