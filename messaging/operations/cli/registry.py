"""Registry of the `manage.py dlq` subcommands, and the options they share.

Exit codes: 0 success, including an empty list; 1 not everything could be done; 2 invalid usage.
"""

import json
import sys
import uuid
from argparse import Action, ArgumentTypeError
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from getpass import getuser
from typing import Any, Protocol

from django.core.management.base import CommandError, CommandParser

from messaging.operations.actions import Outcome
from messaging.operations.bulk_retry.selection import FILTERS, Filters, Selection
from messaging.operations.failures.export import json_array
from messaging.operations.permissions import Actor

_TEXT_FILTERS = tuple(name for name in FILTERS if name not in ("since", "until"))


#: Rows that a list reads at a time, so that any number of them takes the same memory.
CHUNK = 500


class Out(Protocol):
    """Ends what it writes with a new line, unless `ending` says otherwise."""

    def write(self, text: str, *, ending: str | None = None) -> Any: ...


Run = Callable[[dict[str, Any], Out], None]


@dataclass(frozen=True)
class Subcommand:
    """`arguments` adds its options to the parser; `run` takes the parsed options and the output stream."""

    name: str
    help: str
    arguments: Callable[[CommandParser], None]
    run: Run


_SUBCOMMANDS: dict[str, Subcommand] = {}


def subcommand(name: str, *, help: str, arguments: Callable[[CommandParser], None]) -> Callable[[Run], Run]:  # noqa: A002
    """Register `run(options, out)` as `manage.py dlq <name>`."""

    def register(run: Run) -> Run:
        _SUBCOMMANDS[name] = Subcommand(name, help, arguments, run)
        return run

    return register


def subcommands() -> list[Subcommand]:
    return list(_SUBCOMMANDS.values())


def actor() -> Actor:
    return Actor.system(f"cli:{getuser()}")


def uuid_type(noun: str, command: str) -> Callable[[str], uuid.UUID]:
    """A `type=` for ids; its error says which `dlq` command lists them."""

    def parse(value: str) -> uuid.UUID:
        try:
            return uuid.UUID(value)
        except ValueError:
            raise ArgumentTypeError(f"{value!r} is not {noun}; list them with `dlq {command}`") from None

    return parse


message_id = uuid_type("a message id", "list")


class _Distinct(Action):
    """Keeps the first of each: the second of two would be reported as one that could not be done."""

    def __call__(self, parser: Any, namespace: Any, values: Any, option_string: str | None = None) -> None:
        setattr(namespace, self.dest, list(dict.fromkeys(values)))


def with_ids(parser: CommandParser, *, nargs: str) -> None:
    parser.add_argument("ids", nargs=nargs, type=message_id, metavar="ID", action=_Distinct)


def with_json(parser: CommandParser) -> None:
    parser.add_argument("--json", action="store_true", help="print JSON")


def with_dry_run(parser: CommandParser) -> None:
    parser.add_argument("--dry-run", action="store_true", help="show what would be done without doing it")


def with_filters(parser: CommandParser) -> None:
    for name in _TEXT_FILTERS:
        parser.add_argument(f"--{name}", default="", help=f"only messages with this {name}")


def with_selection(parser: CommandParser) -> None:
    """Messages by id, by filters, or all; JSON output."""
    with_ids(parser, nargs="*")
    parser.add_argument("--all", action="store_true", help="every dead message, without ids or filters")
    with_filters(parser)
    with_json(parser)


def filters(options: dict[str, Any]) -> dict[str, str]:
    return {name: options[name] for name in _TEXT_FILTERS}


def selection(options: dict[str, Any]) -> Selection:
    """The selected messages. Raises `CommandError` without ids, filters or `--all`."""
    if options["ids"]:
        return Selection.by_ids(options["ids"])
    wanted = Filters(**{name: options[name] for name in FILTERS if name in options})
    if not wanted.as_dict() and not options["all"]:
        names = ", ".join(f"--{name}" for name in FILTERS if name in options)
        raise CommandError(f"Select messages by id or with filters ({names}), or pass --all.", returncode=2)
    return Selection.by_filters(wanted)


def selected_ids(options: dict[str, Any]) -> list[uuid.UUID]:
    """The given ids, or those of the matching messages, newest failure first. Raises as `selection`."""
    matching = selection(options).messages.order_by("-finished_at", "-id")
    return list(options["ids"]) or list(matching.values_list("pk", flat=True))


def write_array(rows: Iterable[dict[str, Any]], out: Out) -> None:
    for part in json_array(rows):
        out.write(part, ending="")


def write_page(rows: Iterable[dict[str, Any]], out: Out, *, count: int) -> None:
    """`{count, results}` as JSON."""
    out.write(f'{{"count": {count}, "results": ', ending="")
    write_array(rows, out)
    out.write("}")


def require_reason(options: dict[str, Any]) -> None:
    if not options["reason"].strip():
        raise CommandError("A reason is required: pass --reason. It is kept in the audit log.", returncode=2)


_PAST = {"retry": "retried", "edit": "edited", "discard": "discarded", "restore": "restored", "release": "released"}


def report(outcome: Outcome, options: dict[str, Any], out: Out, *, verb: str) -> None:
    """Print what was done, and what was skipped and why. Exits with code 1 if anything was skipped."""
    if options["json"]:
        skipped = {str(key): why for key, why in outcome.skipped.items()}
        out.write(json.dumps({"done": [str(id_) for id_ in outcome.done], "skipped": skipped}))
    else:
        did, left_out = (f"would {verb}", "would skip") if options["dry_run"] else (_PAST[verb], "skipped")
        out.write(f"{did} {len(outcome.done)}, {left_out} {len(outcome.skipped)}")
        for id_, why in outcome.skipped.items():
            out.write(f"  {id_}: {why}")
    if outcome.skipped:
        sys.exit(1)
