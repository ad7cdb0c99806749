"""`manage.py queue list|pause|resume|try`: queue status, pausing, and circuit probes."""

import json
from dataclasses import asdict
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from messaging import pauses
from messaging.models import QueuePause
from messaging.operations import actions
from messaging.operations.cli.registry import actor, require_text
from messaging.operations.dashboard import queue_status
from messaging.operations.dashboard.circuits import CircuitRow, circuit_rows
from messaging.operations.dashboard.flow import counted, drained_in
from messaging.operations.dashboard.queue_status import QueueRow
from messaging.operations.privacy.masking import mask_text
from messaging.topology import topology

_HEAD = ("queue", "depth", "consumers", "oldest s", "waiting", "scheduled", "in flight", "drained in", "dead")
_LINE = "{:16}{:>8}{:>11}{:>10}{:>9}{:>11}{:>15}{:>12}{:>9}"


class Command(BaseCommand):
    help = "List queues, pause or resume one, and probe an open circuit."

    def add_arguments(self, parser: CommandParser) -> None:
        subcommands = parser.add_subparsers(dest="action", required=True)
        listing = subcommands.add_parser(
            "list", help="depth, consumers, age; waiting, scheduled, in-flight and dead messages"
        )
        pause = subcommands.add_parser("pause", help="pause a queue: nothing is sent to it or consumed from it")
        resume = subcommands.add_parser("resume", help="resume a paused queue")
        probe = subcommands.add_parser("try", help="probe an open circuit now by sending one waiting message")
        probe.add_argument("name", metavar="NAME", help="a circuit, such as gateway.stripe")
        for sub in (pause, resume):
            sub.add_argument("name", metavar="NAME", help="a queue; list them with `queue list`")
        for sub in (pause, resume, probe):
            sub.add_argument("--dry-run", action="store_true", help="show what would be done without doing it")
        pause.add_argument("--reason", required=True, help="shown on the queues page and kept in the audit log")
        for sub in (resume, probe):
            sub.add_argument("--reason", default="")
        for sub in (listing, pause, resume, probe):
            sub.add_argument("--json", action="store_true", help="print JSON")

    def handle(self, *args: Any, **options: Any) -> None:
        require_text(options)
        if options["action"] == "list":
            self._list(options)
        elif options["action"] == "try":
            self._probe(options)
        else:
            self._set_paused(options, paused=options["action"] == "pause")

    def _list(self, options: dict[str, Any]) -> None:
        rows, paused = queue_status.queue_rows(), pauses.current()
        if options["json"]:
            self.stdout.write(json.dumps([asdict(row) for row in rows]))
            return
        self.stdout.write(_LINE.format(*_HEAD))
        for row in rows:
            self.stdout.write(_LINE.format(*_cells(row)) + _note(row, paused.get(row.name)))
        for circuit in circuit_rows():
            if circuit.is_open:
                count = counted(circuit.waiting)
                self.stdout.write(f"{circuit.name} is unreachable: {count} messages are waiting for it.")

    def _probe(self, options: dict[str, Any]) -> None:
        name = options["name"]
        known = {row.name: row for row in circuit_rows()}
        if name not in known:
            raise CommandError(f"There is no circuit {name}. Circuits: {', '.join(known)}.")
        try:
            if options["dry_run"]:
                _require_open(known[name])
            else:
                actions.probe(name=name, actor=actor(), reason=options["reason"])
        except actions.CircuitClosed as fault:
            raise CommandError(str(fault)) from None
        if options["json"]:
            self.stdout.write(json.dumps({"circuit": name, "dry_run": options["dry_run"]}))
        else:
            self.stdout.write(f"{name}: {'would be probed' if options['dry_run'] else 'probing'}")

    def _set_paused(self, options: dict[str, Any], *, paused: bool) -> None:
        """Exits with code 1 and the reason if the queue cannot be changed."""
        queue, action = options["name"], actions.pause if paused else actions.resume
        try:
            if options["dry_run"]:
                _require_change(queue, paused=paused)
            else:
                action(queue=queue, actor=actor(), reason=options["reason"])
        except (actions.AlreadyPaused, actions.NotPaused, actions.QueueUnknown, actions.ReasonMissing) as fault:
            raise CommandError(str(fault)) from None
        if options["json"]:
            self.stdout.write(json.dumps({"queue": queue, "paused": paused, "dry_run": options["dry_run"]}))
        else:
            would = "would be " if options["dry_run"] else ""
            self.stdout.write(f"{queue}: {would}{'paused' if paused else 'resumed'}")


def _cells(row: QueueRow) -> tuple[str, ...]:
    broker = _dash(row.depth), _dash(None if row.paused else row.consumers)
    flow_control = f"{row.in_flight:,} / {row.in_flight_limit:,}", drained_in(row)
    return (
        row.name,
        *broker,
        _dash(row.oldest_seconds),
        counted(row.waiting),
        counted(row.scheduled),
        *flow_control,
        counted(row.dead),
    )


def _note(row: QueueRow, pause: QueuePause | None) -> str:
    refused = f"  refused by the broker: {row.refusal}" if row.refusal else ""
    return refused + (f"  paused by {pause.paused_by}: {mask_text(pause.reason)}" if pause else "")


def _require_open(circuit: CircuitRow) -> None:
    if not circuit.is_open:
        raise actions.CircuitClosed(f"The circuit of {circuit.name} is not open.")


def _require_change(queue: str, *, paused: bool) -> None:
    if queue not in topology().queues:
        raise CommandError(f"There is no queue {queue}. Queues: {', '.join(topology().queues)}.")
    if (queue in pauses.paused()) == paused:
        raise CommandError(f"The queue {queue} is {'already' if paused else 'not'} paused.")


def _dash(value: float | None) -> str:
    return "–" if value is None else f"{value:g}"
