"""How does a module add a subcommand to `manage.py dlq`, and which options do they share?

Exit codes: 0 done, an empty list included, 1 not all that was asked for was done, 2 the call itself was wrong.
"""

import json
import sys
import uuid
from argparse import ArgumentTypeError
from collections.abc import Callable
from dataclasses import dataclass
from getpass import getuser
from typing import Any, Protocol

from django.core.management.base import CommandError, CommandParser

from messaging.operations.actions import Outcome
from messaging.operations.failures import selectors
from messaging.operations.permissions import Actor

FILTERS = ("queue", "task", "error", "group", "subject")


class Out(Protocol):
    def write(self, text: str) -> Any: ...


Run = Callable[[dict[str, Any], Out], None]


@dataclass(frozen=True)
class Subcommand:
    """`arguments` adds its options to the parser; `run` gets them and where to write, and ends by `failed()` or not."""

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


def failed() -> None:
    """Not all that was asked for was done."""
    sys.exit(1)


def message_id(value: str) -> uuid.UUID:
    """For `type=`: an id as `dlq list` shows it."""
    try:
        return uuid.UUID(value)
    except ValueError:
        raise ArgumentTypeError(f"{value!r} is not a message id; `dlq list` shows them") from None


def with_json(parser: CommandParser) -> None:
    parser.add_argument("--json", action="store_true", help="machine-readable")


def with_filters(parser: CommandParser) -> None:
    for name in FILTERS:
        parser.add_argument(f"--{name}", default="", help=f"only those with this {name}")


def with_selection(parser: CommandParser) -> None:
    """Messages by id, or all that fit the filters; a try without doing; JSON."""
    parser.add_argument("ids", nargs="*", type=message_id, metavar="ID")
    parser.add_argument("--all", action="store_true", help="without ids and filters: every dead message")
    parser.add_argument("--dry-run", action="store_true", help="only say what would be done")
    with_filters(parser)
    with_json(parser)


def filters(options: dict[str, Any]) -> dict[str, str]:
    return {name: options[name] for name in FILTERS}


def chosen(options: dict[str, Any]) -> list[uuid.UUID]:
    """The ids that were named, or those that fit. Raises `CommandError` where nothing says which are meant."""
    if options["ids"]:
        return list(options["ids"])
    wanted = filters(options)
    if not any(wanted.values()) and not options["all"]:
        raise CommandError(
            "Name messages by id, filter them (--queue, --task, --error, --group, --subject), or --all.", returncode=2
        )
    return list(selectors.failed_tasks(**wanted).values_list("pk", flat=True))


def require_reason(options: dict[str, Any]) -> None:
    if not options["reason"].strip():
        raise CommandError("Say why with --reason: it stays with the message.", returncode=2)


def tell(outcome: Outcome, options: dict[str, Any], out: Out, *, verb: str) -> None:
    """What was done and what was not, with the reasons; exit code 1 where something was not."""
    if options["json"]:
        skipped = {str(key): why for key, why in outcome.skipped.items()}
        out.write(json.dumps({"done": [str(id_) for id_ in outcome.done], "skipped": skipped}))
    else:
        verb = f"would {verb}" if options["dry_run"] else verb
        out.write(f"{verb}: {len(outcome.done)} done, {len(outcome.skipped)} skipped")
        for id_, why in outcome.skipped.items():
            out.write(f"  {id_}: {why}")
    if outcome.skipped:
        failed()
