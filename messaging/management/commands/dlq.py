"""How does an operator handle dead messages without a browser? `python manage.py dlq list|show|retry|discard`."""

import json
import sys
import uuid
from argparse import ArgumentTypeError
from getpass import getuser
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from messaging import selectors, services
from messaging.bulk import cli
from messaging.models import FailedTask, Message
from messaging.permissions import Actor

FILTERS = ("queue", "task", "error", "group", "subject")


def _uuid(value: str) -> uuid.UUID:
    try:
        return uuid.UUID(value)
    except ValueError:
        raise ArgumentTypeError(f"{value!r} is not a message id; `dlq list` shows them") from None


def _filters(parser: CommandParser) -> None:
    for name in FILTERS:
        parser.add_argument(f"--{name}", default="", help=f"only those with this {name}")


class Command(BaseCommand):
    help = "Lists, shows, retries and discards dead messages. Exit code 1 when something asked for was not done."

    def add_arguments(self, parser: CommandParser) -> None:
        actions = parser.add_subparsers(dest="action", required=True)
        listing = actions.add_parser("list", help="dead messages, the newest failure first")
        listing.add_argument("--limit", type=int, default=50)
        _filters(listing)
        show = actions.add_parser("show", help="one message with payload and attempts")
        show.add_argument("id", type=_uuid)
        for name in ("retry", "discard"):
            act = actions.add_parser(name, help=f"{name} messages by id, or all that fit the filters")
            act.add_argument("ids", nargs="*", type=_uuid, metavar="ID")
            act.add_argument("--all", action="store_true", help="without ids and filters: every dead message")
            act.add_argument("--reason", default="", required=name == "discard")
            act.add_argument("--dry-run", action="store_true", help="only say what would be done")
            _filters(act)
            act.add_argument("--json", action="store_true", help="machine-readable")
        cli.add_pace(actions.choices["retry"])
        cli.add_moments(actions.choices["retry"])
        cli.add_commands(actions)
        for sub in (listing, show):
            sub.add_argument("--json", action="store_true", help="machine-readable")

    def handle(self, *args: Any, **options: Any) -> None:
        action = options["action"]
        if action in cli.COMMANDS:
            cli.COMMANDS[action](options, actor=_actor(), write=self.stdout.write)
        else:
            getattr(self, f"_{action}")(options)

    def _list(self, options: dict[str, Any]) -> None:
        found = selectors.failed_tasks(**{name: options[name] for name in FILTERS})
        rows = [_summary(row) for row in found[: max(0, options["limit"])]]
        if options["json"]:
            self.stdout.write(json.dumps({"count": found.count(), "results": rows}))
            return
        for row in rows:
            self.stdout.write(f"{row['id']}  {row['failed_at']}  {row['task']:28} {row['subject']:16} {row['error']}")
        self.stdout.write(f"{found.count()} dead")

    def _show(self, options: dict[str, Any]) -> None:
        message = Message.objects.filter(pk=options["id"]).first()
        if message is None:
            raise CommandError(f"There is no message {options['id']}; `dlq list` shows the dead ones.")
        attempts = [
            {"number": a.number, "ended_at": a.ended_at.isoformat(), "worker": a.worker, "error": a.error_type,
             "message": a.error_message, "traceback": a.traceback}
            for a in selectors.attempts_of(message)
        ]  # fmt: skip
        facts = _summary(message) | {"payload": message.payload, "note": message.note, "attempt_log": attempts}
        if options["json"]:
            self.stdout.write(json.dumps(facts))
            return
        for key in ("id", "state", "task", "queue", "subject", "failed_at", "error", "message", "attempts", "payload"):
            self.stdout.write(f"{key:10} {facts[key]}")
        for attempt in attempts:
            self.stdout.write(f"\nattempt {attempt['number']} on {attempt['worker'] or 'an unknown worker'}")
            self.stdout.write(str(attempt["traceback"] or attempt["message"]))

    def _retry(self, options: dict[str, Any]) -> None:
        """At once, one by one; with any option of a bulk retry in the background."""
        if cli.wants_background(options):
            cli.retry(options, actor=_actor(), write=self.stdout.write)
            return
        self._act(options, lambda ids: services.retry(ids=ids, actor=_actor(), reason=options["reason"]))

    def _discard(self, options: dict[str, Any]) -> None:
        if not options["reason"].strip():
            raise CommandError("Say why with --reason: it stays with the message.")
        self._act(options, lambda ids: services.discard(ids=ids, actor=_actor(), reason=options["reason"]))

    def _act(self, options: dict[str, Any], act: Any) -> None:
        ids = options["ids"] or self._chosen(options)
        outcome = services.Outcome(done=list(ids)) if options["dry_run"] else act(ids)
        verb = f"would {options['action']}" if options["dry_run"] else options["action"]
        if options["json"]:
            skipped = {str(key): why for key, why in outcome.skipped.items()}
            self.stdout.write(json.dumps({"done": [str(id_) for id_ in outcome.done], "skipped": skipped}))
        else:
            self.stdout.write(f"{verb}: {len(outcome.done)} done, {len(outcome.skipped)} skipped")
            for id_, why in outcome.skipped.items():
                self.stdout.write(f"  {id_}: {why}")
        if outcome.skipped:
            sys.exit(1)

    def _chosen(self, options: dict[str, Any]) -> list[uuid.UUID]:
        filters = {name: options[name] for name in FILTERS}
        if not any(filters.values()) and not options["all"]:
            raise CommandError(
                "Name messages by id, filter them (--queue, --task, --error, --group, --subject), or --all."
            )
        return list(selectors.failed_tasks(**filters).values_list("pk", flat=True))


def _summary(row: Message | FailedTask) -> dict[str, Any]:
    return {
        "id": str(row.pk),
        "state": row.state,
        "task": row.task,
        "queue": row.queue,
        "subject": row.subject,
        "error": row.error_type,
        "message": row.error_message,
        "attempts": row.attempts,
        "group": row.fingerprint,
        "failed_at": row.finished_at.isoformat(timespec="seconds") if row.finished_at else "",
    }


def _actor() -> Actor:
    return Actor.system(f"cli:{getuser()}")
