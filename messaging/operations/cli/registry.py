"""Registry of the `manage.py dlq` subcommands, and the options they share.

Exit codes: 0 success, including an empty list; 1 not everything could be done; 2 invalid usage.
"""

import json
import sys
import uuid
from argparse import Action, ArgumentTypeError
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from getpass import getuser
from typing import Any, Protocol

from django.core.management.base import CommandError, CommandParser
from django.db.models import QuerySet

from messaging import clock
from messaging.models import Message
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


def first(options: dict[str, Any]) -> slice:
    """The first `--limit` rows. No database counts beyond 64 bits."""
    return slice(0, min(max(0, options["limit"]), 2**63 - 1))


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


def selected_slices(options: dict[str, Any]) -> Iterator[list[uuid.UUID]]:
    """The given ids, or those of the messages that match by now, oldest first, `CHUNK` at a time.

    One that dies anew meanwhile is not selected again. Raises as `selection`.
    """
    chosen, ids, until = selection(options).messages, options["ids"], clock.now()
    return iter([ids]) if ids else slices_of(chosen.filter(finished_at__lte=until))


def slices_of(messages: QuerySet[Message]) -> Iterator[list[uuid.UUID]]:
    """Their ids, `CHUNK` at a time. Those that an action takes out meanwhile hide no others."""
    messages, after = messages.order_by("pk"), uuid.UUID(int=0)
    while ids := list(messages.filter(pk__gt=after).values_list("pk", flat=True)[:CHUNK]):
        yield ids
        after = ids[-1]


def write_array(rows: Iterable[dict[str, Any]], out: Out) -> None:
    for part in json_array(rows):
        out.write(part, ending="")


def write_page(rows: Iterable[dict[str, Any]], out: Out, *, count: int) -> None:
    """`{count, results}` as JSON."""
    out.write(f'{{"count": {count}, "results": ', ending="")
    write_array(rows, out)
    out.write("}")


def announce(text: str) -> None:
    """On standard error, before the work begins: what an operator needs if the command does not live to its report."""
    sys.stderr.write(f"{text}\n")
    sys.stderr.flush()


def announce_discard(operation_id: uuid.UUID) -> None:
    announce(f"`manage.py dlq restore --operation {operation_id}` undoes this discard.")


def require_text(options: dict[str, Any]) -> None:
    """Bytes of an argument that are not UTF-8 reach Python as halves of surrogate pairs, which no database stores."""
    for name, value in options.items():
        if isinstance(value, str) and value != value.encode(errors="replace").decode():
            raise CommandError(f"--{name} is not UTF-8 text. Nothing was done.", returncode=2)


def require_reason(options: dict[str, Any]) -> None:
    if not options["reason"].strip():
        raise CommandError("A reason is required: pass --reason. It is kept in the audit log.", returncode=2)


_PAST = {"retry": "retried", "edit": "edited", "discard": "discarded", "restore": "restored", "release": "released"}


def report(outcomes: Iterable[Outcome], options: dict[str, Any], out: Out, *, verb: str) -> None:
    """Print what is done, as it is done, and what is skipped and why. Exits with code 1 if anything was skipped."""
    did, left_out = (f"would {verb}", "would skip") if options["dry_run"] else (_PAST[verb], "skipped")
    done, skipped = 0, dict[str, str]()
    out.write('{"done": [' if options["json"] else "", ending="")
    for outcome in _with_progress(outcomes, did):
        if options["json"] and outcome.done:
            out.write((", " if done else "") + ", ".join(f'"{id_}"' for id_ in outcome.done), ending="")
        done += len(outcome.done)
        skipped |= {str(id_): why for id_, why in outcome.skipped.items()}
    if options["json"]:
        out.write(f'], "skipped": {json.dumps(skipped)}}}')
    else:
        out.write("\n".join([f"{did} {done}, {left_out} {len(skipped)}", *(f"  {i}: {w}" for i, w in skipped.items())]))
    if skipped:
        sys.exit(1)


def _with_progress(outcomes: Iterable[Outcome], did: str) -> Iterator[Outcome]:
    """Shows on a terminal how many are done, unless all are at once."""
    done, shows = 0, sys.stderr.isatty()
    for outcome in outcomes:
        yield outcome
        done += len(outcome.done)
        if shows and done >= CHUNK:
            sys.stderr.write(f"\r\x1b[K{did} {done}")
            sys.stderr.flush()
    if shows and done >= CHUNK:
        sys.stderr.write("\r\x1b[K")
