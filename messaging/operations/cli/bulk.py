"""How are many dead messages sent again without a browser? What `manage.py dlq` hands on to bulk operations."""

import json
import sys
import time
import uuid
from argparse import ArgumentTypeError
from collections.abc import Callable
from datetime import datetime
from datetime import time as clock
from typing import Any

from django.core.management.base import CommandError, CommandParser
from django.db import transaction
from django.utils import timezone
from django.utils.dateparse import parse_date, parse_datetime

from messaging.operations.bulk_retry import labels, selectors, services
from messaging.operations.bulk_retry.as_dict import as_dicts, detail_as_dict, warnings_of
from messaging.operations.bulk_retry.selection import FILTERS, Filters, Selection
from messaging.operations.bulk_retry.services import Pace
from messaging.operations.models import BulkOperation, BulkState
from messaging.operations.permissions import Actor

#: Any of these makes of a retry one that runs in the background, at a rate and with a canary.
_BACKGROUND = ("rate", "canary", "stop_ratio", "wait", "since", "until")
WISHES: dict[str, Callable[..., BulkOperation]] = {
    "pause": services.pause,
    "resume": services.resume,
    "cancel": services.cancel,
}
_MOMENTS = {"since": "only those that died then or later", "until": "only those that died before then"}
_LOOK_SECONDS = 0.5
Write = Callable[[str], Any]


def add_pace(parser: CommandParser) -> None:
    """The options of a retry in the background."""
    parser.add_argument("--rate", type=int, help=f"at most so many messages a second ({Pace.rate})")
    parser.add_argument("--canary", type=int, help=f"so many go first, the rest waits for them ({Pace.canary})")
    parser.add_argument("--stop-ratio", type=float, help=f"stop when this share fails again ({Pace.stop_ratio})")
    parser.add_argument(
        "--wait", action="store_true", default=None, help="until all have ended; exit code 1 unless all succeeded"
    )


def add_commands(actions: Any) -> None:
    """The subcommands that are about operations."""
    preview = actions.add_parser("preview", help="what would go and what not, and why; nothing is sent")
    add_choice(preview)
    preview.add_argument("--reason", default="")
    start = actions.add_parser("start", help="let a preview go, in the background")
    start.add_argument("id", type=_operation)
    start.add_argument("--reason", default="")
    add_pace(start)
    listing = actions.add_parser("operations", help="bulk retries, the newest first")
    listing.add_argument("--limit", type=int, default=20)
    for name in WISHES:
        wish = actions.add_parser(name, help=f"{name} a bulk retry")
        wish.add_argument("id", type=_operation)
        wish.add_argument("--reason", default="")
    for name in ("preview", "start", "operations", *WISHES):
        actions.choices[name].add_argument("--json", action="store_true", help="machine-readable")


def add_choice(parser: CommandParser) -> None:
    """Which messages are meant."""
    parser.add_argument("ids", nargs="*", type=uuid.UUID, metavar="ID")
    parser.add_argument("--all", action="store_true", help="without ids and filters: every dead message")
    for name in FILTERS:
        if name not in _MOMENTS:
            parser.add_argument(f"--{name}", default="", help=f"only those with this {name}")
    add_moments(parser)


def add_moments(parser: CommandParser) -> None:
    for name, text in _MOMENTS.items():
        parser.add_argument(f"--{name}", type=_moment, help=text)


def wants_background(options: dict[str, Any]) -> bool:
    return any(options[name] is not None for name in _BACKGROUND)


def preview(options: dict[str, Any], *, actor: Actor, write: Write) -> None:
    _tell(services.preview(selection=_selection(options), actor=actor, reason=options["reason"]), options, write)


def start(options: dict[str, Any], *, actor: Actor, write: Write) -> None:
    _start(options["id"], options, actor=actor, write=write)


def retry(options: dict[str, Any], *, actor: Actor, write: Write) -> None:
    """Preview and start in one. A dry run is the preview alone, of which nothing is kept."""
    with transaction.atomic():
        operation = services.preview(selection=_selection(options), actor=actor, reason=options["reason"])
        if options["dry_run"]:
            _tell(operation, options, write)
            transaction.set_rollback(True)
            return
    _start(operation.pk, options, actor=actor, write=write)


def operations(options: dict[str, Any], *, actor: Actor, write: Write) -> None:
    found = selectors.operations()[: max(0, options["limit"])]
    if options["json"]:
        write(json.dumps(as_dicts(list(found))))
        return
    for operation in found:
        write(
            f"{operation.pk}  {operation.created_at:%Y-%m-%d %H:%M:%S}  {_line(operation)}  {labels.chosen(operation)}"
        )


def wish(options: dict[str, Any], *, actor: Actor, write: Write) -> None:
    _tell(_granted(WISHES[options["action"]], options["id"], actor=actor, reason=options["reason"]), options, write)


def _start(operation_id: uuid.UUID, options: dict[str, Any], *, actor: Actor, write: Write) -> None:
    given = {name: options[name] for name in ("rate", "canary", "stop_ratio") if options[name] is not None}
    operation = _granted(services.start, operation_id, pace=Pace(**given), actor=actor, reason=options["reason"])
    if options["wait"]:
        operation = _await(operation)
    _tell(operation, options, write)
    if options["wait"] and (operation.state != BulkState.FINISHED or operation.failed_again):
        sys.exit(1)


def _granted(act: Callable[..., BulkOperation], operation_id: uuid.UUID, **how: Any) -> BulkOperation:
    try:
        return act(operation_id=operation_id, **how)
    except BulkOperation.DoesNotExist:
        raise CommandError(f"There is no bulk retry {operation_id}; `dlq operations` lists them.") from None
    except (services.IllegalBulkTransition, services.InvalidPace) as error:
        raise CommandError(str(error)) from None


def _await(operation: BulkOperation) -> BulkOperation:
    """Until nothing more is to be expected. Ctrl-C ends the waiting, not the operation."""
    shows = sys.stderr.isatty()
    while selectors.progress(operation).live:
        if shows:
            sys.stderr.write(f"\r\x1b[K{_bar(operation)}")
            sys.stderr.flush()
        time.sleep(_LOOK_SECONDS)
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
    return f"{operation.state}: {', '.join(counts) or 'nothing'}"


def _tell(operation: BulkOperation, options: dict[str, Any], write: Write) -> None:
    if options["json"]:
        write(json.dumps(detail_as_dict(operation)))
        return
    write(f"{operation.pk}  {_line(operation)}")
    if operation.state == BulkState.PREVIEW:
        write(f"{operation.will_go} will go, {operation.skipped} are skipped")
    for sentence, count in selectors.skip_labels(operation):
        write(f"  {count} × {sentence}")
    for warning in warnings_of(operation):
        write(f"  {warning}")
    if operation.stopped_for:
        write(labels.why_stopped(operation))


def _selection(options: dict[str, Any]) -> Selection:
    if options["ids"]:
        return Selection.by_ids(options["ids"])
    filters = Filters(**{name: options[name] for name in FILTERS if name in options})
    if not filters.told() and not options["all"]:
        raise CommandError(
            f"Name messages by id, filter them ({', '.join(f'--{name}' for name in FILTERS)}), or --all."
        )
    return Selection.by_filters(filters)


def _operation(value: str) -> uuid.UUID:
    try:
        return uuid.UUID(value)
    except ValueError:
        raise ArgumentTypeError(f"{value!r} is not the id of a bulk retry; `dlq operations` lists them") from None


def _moment(value: str) -> datetime:
    """A time, or a day for its beginning; UTC unless it says otherwise."""
    try:
        day = parse_date(value)
        moment = datetime.combine(day, clock.min) if day else parse_datetime(value)
    except ValueError:
        moment = None
    if moment is None:
        raise ArgumentTypeError(f"{value!r} is not a time such as 2026-05-02 or 2026-05-02T14:00")
    return moment if timezone.is_aware(moment) else timezone.make_aware(moment)


COMMANDS: dict[str, Callable[..., None]] = {
    **dict.fromkeys(WISHES, wish),
    "preview": preview,
    "start": start,
    "operations": operations,
}
