"""How do the queues stand? `python manage.py queue list`."""

import json
from dataclasses import asdict
from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from messaging import selectors


class Command(BaseCommand):
    help = "Depth, consumers, age of the oldest message and number of dead messages of each queue."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("action", choices=["list"])
        parser.add_argument("--json", action="store_true", help="machine-readable")

    def handle(self, *args: Any, **options: Any) -> None:
        rows = selectors.queue_rows()
        if options["json"]:
            self.stdout.write(json.dumps([asdict(row) for row in rows]))
            return
        self.stdout.write(f"{'queue':16}{'depth':>8}{'consumers':>11}{'oldest s':>10}{'dead':>8}")
        for row in rows:
            cells = (_dash(row.depth), _dash(row.consumers), _dash(row.oldest_seconds), row.dead)
            self.stdout.write("{:16}{:>8}{:>11}{:>10}{:>8}".format(row.name, *cells))


def _dash(value: float | None) -> str:
    return "–" if value is None else f"{value:g}"
