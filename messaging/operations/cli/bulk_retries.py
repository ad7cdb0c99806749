"""`dlq preview`, `start`, `operations`, `pause`, `resume` and `cancel`: bulk retries in the background."""

import json
import sys
import time
import uuid
from argparse import ArgumentTypeError
from collections.abc import Callable
from datetime import datetime
from datetime import time as time_of_day
from itertools import chain, islice
from typing import Any

from django.core.management.base import CommandError, CommandParser
from django.db import transaction
from django.utils import timezone
from django.utils.dateparse import parse_date, parse_datetime

from messaging import clock
from messaging.operations.bulk_retry import labels, selectors, services
from messaging.operations.bulk_retry.as_dict import as_dicts, detail_as_dict, warnings_of
from messaging.operations.bulk_retry.services import Pace
from messaging.operations.cli.registry import (
    CHUNK,
    Out,
    actor,
    announce,
    first,
    selection,
    subcommand,
    uuid_type,
    with_json,
    with_selection,
    write_array,
)
from messaging.operations.models import BulkOperation, BulkState

#: Any of these options makes `dlq retry` a bulk retry.
_BACKGROUND = ("rate", "canary", "stop_ratio", "wait", "since", "until")
_ACTIONS: dict[str, Callable[..., BulkOperation]] = {
    "pause": services.pause,
    "resume": services.resume,
    "cancel": services.cancel,
}
_POLL_SECONDS = 0.5
_operation_id = uuid_type("the id of a bulk retry", "operations")


def with_pace(parser: CommandParser) -> None:
    parser.add_argument("--rate", type=int, help=f"messages per second, at most (default {Pace.rate})")
    parser.add_argument("--canary", type=int, help=f"messages to send first and wait for (default {Pace.canary})")
    parser.add_argument(
        "--stop-ratio", type=float, help=f"stop when this share fails again (default {Pace.stop_ratio})"
    )
    parser.add_argument(
        "--wait", action="store_true", default=None, help="wait for the results; exit code 1 unless all succeed"
    )


def with_times(parser: CommandParser) -> None:
    parser.add_argument("--since", type=_time, help="only messages that died at this time or later")
    parser.add_argument("--until", type=_time, help="only messages that died before this time")


def wants_background(options: dict[str, Any]) -> bool:
    return any(options[name] is not None for name in _BACKGROUND)


def retry(options: dict[str, Any], out: Out) -> None:
    """Preview and start in one step. A dry run shows the preview and rolls it back."""
    with transaction.atomic():
        operation = _preview(options)
        if options["dry_run"]:
            _report(operation, options, out)
            transaction.set_rollback(True)
            return
    _start(operation.pk, options, out)


def _preview_arguments(parser: CommandParser) -> None:
    with_selection(parser)
    with_times(parser)
    parser.add_argument("--reason", default="")


@subcommand("preview", help="preview a bulk retry without sending anything", arguments=_preview_arguments)
def preview(options: dict[str, Any], out: Out) -> None:
    _report(_preview(options), options, out)


def _action_arguments(parser: CommandParser) -> None:
    parser.add_argument("id", type=_operation_id)
    parser.add_argument("--reason", default="")
    with_json(parser)


def _start_arguments(parser: CommandParser) -> None:
    _action_arguments(parser)
    with_pace(parser)


@subcommand("start", help="start a previewed bulk retry in the background", arguments=_start_arguments)
def start(options: dict[str, Any], out: Out) -> None:
    _start(options["id"], options, out)


def _list_arguments(parser: CommandParser) -> None:
    parser.add_argument("--limit", type=int, default=20)
    with_json(parser)


@subcommand("operations", help="list bulk retries, newest first", arguments=_list_arguments)
def operations(options: dict[str, Any], out: Out) -> None:
    found = selectors.operations()[first(options)].iterator(chunk_size=CHUNK)
    if options["json"]:
        parts = iter(lambda: list(islice(found, CHUNK)), [])
        write_array(chain.from_iterable(map(as_dicts, parts)), out)
        return
    for row in found:
        out.write(f"{row.pk}  {clock.exact(row.created_at)}  {_line(row)}  {labels.chosen(row)}")


def _act(options: dict[str, Any], out: Out) -> None:
    operation = _run(_ACTIONS[options["action"]], options["id"], reason=options["reason"])
    _report(operation, options, out)


for _name in _ACTIONS:
    subcommand(_name, help=f"{_name} a bulk retry", arguments=_action_arguments)(_act)


def _start(operation_id: uuid.UUID, options: dict[str, Any], out: Out) -> None:
    given = {name: options[name] for name in ("rate", "canary", "stop_ratio") if options[name] is not None}
    operation = _run(services.start, operation_id, pace=Pace(**given), reason=options["reason"])
    if options["wait"]:
        announce(
            f"Waiting for the bulk retry {operation.pk}. It runs on without this command, until `dlq cancel` stops it."
        )
        operation = _await(operation)
    _report(operation, options, out)
    if options["wait"] and (operation.state != BulkState.FINISHED or operation.failed_again):
        sys.exit(1)


def _run(action: Callable[..., BulkOperation], operation_id: uuid.UUID, **arguments: Any) -> BulkOperation:
    try:
        return action(operation_id=operation_id, actor=actor(), **arguments)
    except BulkOperation.DoesNotExist:
        raise CommandError(f"There is no bulk retry {operation_id}; list them with `dlq operations`.") from None
    except (services.IllegalBulkTransition, services.InvalidPace) as error:
        raise CommandError(str(error)) from None


def _preview(options: dict[str, Any]) -> BulkOperation:
    try:
        return services.preview(selection=selection(options), actor=actor(), reason=options["reason"])
    except services.TooManyMessages as error:
        raise CommandError(str(error)) from None


def _await(operation: BulkOperation) -> BulkOperation:
    """Wait until the numbers no longer change. Ctrl-C ends the wait, not the bulk retry."""
    shows = sys.stderr.isatty()
    while selectors.progress(operation).live:
        if shows:
            sys.stderr.write(f"\r\x1b[K{_bar(operation)}")
            sys.stderr.flush()
        time.sleep(_POLL_SECONDS)
        operation = selectors.operation(operation.pk)
    if shows:
        sys.stderr.write("\r\x1b[K")
    return operation


def _bar(operation: BulkOperation) -> str:
    percent = selectors.progress(operation).percent
    return f"[{'#' * (percent // 4):25}] {percent:3} %  {_line(operation)}"


def _line(operation: BulkOperation) -> str:
    names = ("waiting", "sent", "succeeded", "failed_again", "skipped", "cancelled")
    counts = [f"{getattr(operation, name)} {name.replace('_', ' ')}" for name in names if getattr(operation, name)]
    return f"{operation.state}: {', '.join(counts) or 'no messages'}"


def _report(operation: BulkOperation, options: dict[str, Any], out: Out) -> None:
    if options["json"]:
        out.write(json.dumps(detail_as_dict(operation)))
        return
    name = "dry run" if options.get("dry_run") else operation.pk  # a dry run keeps nothing that has an ID
    out.write(f"{name}  {_line(operation)}")
    if operation.state == BulkState.PREVIEW:
        out.write(f"{operation.will_go} to be retried, {operation.skipped} skipped")
    for label, count in selectors.skip_labels(operation):
        out.write(f"  {count} × {label}")
    for warning in warnings_of(operation):
        out.write(f"  {warning}")
    if operation.stopped_for:
        out.write(labels.why_stopped(operation))


def _time(value: str) -> datetime:
    """A time, or the start of a day; UTC unless it has an offset."""
    try:
        day = parse_date(value)
        moment = datetime.combine(day, time_of_day.min) if day else parse_datetime(value)
    except ValueError:
        moment = None
    if moment is None:
        raise ArgumentTypeError(f"{value!r} is not a time such as 2026-05-02 or 2026-05-02T14:00")
    return moment if timezone.is_aware(moment) else timezone.make_aware(moment)
