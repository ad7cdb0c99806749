"""Checks all invariants: `python manage.py audit`. Exit code 1 if one is broken."""

import json
import sys
from dataclasses import asdict
from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from messaging import clock, invariants, pauses


class Command(BaseCommand):
    help = "Check all invariants of the project. Lists what is broken and exits with code 1."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--json", action="store_true", help="{ok, broken: [{invariant, detail}]}")

    def handle(self, *args: Any, **options: Any) -> None:
        if options["json"]:
            broken = invariants.audit()
            self.stdout.write(json.dumps({"ok": not broken, "broken": [asdict(violation) for violation in broken]}))
        else:
            broken = [violation for one in invariants.registered() for violation in self._check(one)]
            self._print_pauses()
        if broken:
            sys.exit(1)

    def _check(self, one: invariants.Invariant) -> list[invariants.Violation]:
        """Print each result at once: some checks take seconds where there are many orders."""
        broken = list(invariants.violations(one))
        self.stdout.write(self.style.ERROR(f"BROKEN  {one.name}") if broken else f"ok      {one.name}")
        for violation in broken:
            self.stdout.write(f"          {violation.detail}")
        self.stdout.flush()
        return broken

    def _print_pauses(self) -> None:
        for pause in pauses.current().values():
            since = clock.exact(pause.paused_at)
            self.stdout.write(f"paused  {pause.queue} since {since} by {pause.paused_by}: {pause.reason}")
