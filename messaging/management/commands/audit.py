"""Checks all invariants: `python manage.py audit`. Exit code 1 if one is broken."""

import json
import sys
from dataclasses import asdict
from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from messaging import invariants, pauses


class Command(BaseCommand):
    help = "Check all invariants of the project. Lists what is broken and exits with code 1."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--json", action="store_true", help="{ok, broken: [{invariant, detail}]}")

    def handle(self, *args: Any, **options: Any) -> None:
        broken = invariants.audit()
        if options["json"]:
            self.stdout.write(json.dumps({"ok": not broken, "broken": [asdict(violation) for violation in broken]}))
        else:
            self._print(broken)
        if broken:
            sys.exit(1)

    def _print(self, broken: list[invariants.Violation]) -> None:
        failed = {violation.invariant for violation in broken}
        for name in invariants.names():
            self.stdout.write(self.style.ERROR(f"BROKEN  {name}") if name in failed else f"ok      {name}")
            for violation in broken:
                if violation.invariant == name:
                    self.stdout.write(f"          {violation.detail}")
        for pause in pauses.current().values():
            since = f"{pause.paused_at:%Y-%m-%d %H:%M:%S} UTC"
            self.stdout.write(f"paused  {pause.queue} since {since} by {pause.paused_by}: {pause.reason}")
