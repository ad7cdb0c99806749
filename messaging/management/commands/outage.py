"""How does a shop look whose bank or carrier is down? `python manage.py outage gateway.simulated --seconds 30`."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from messaging import circuit_breaker, simulated_outages
from messaging.conf import settings


class Command(BaseCommand):
    help = "Demo only: lets a simulated gateway or carrier answer nobody for a while."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("name", metavar="NAME", help="such as gateway.simulated")
        parser.add_argument("--seconds", type=float, default=30.0, help="how long it lasts (30)")
        parser.add_argument("--end", action="store_true", help="end it now")

    def handle(self, *args: Any, **options: Any) -> None:
        name, seconds = options["name"], options["seconds"]
        self._check(name, seconds)
        if options["end"]:
            simulated_outages.end(name=name)
            self.stdout.write(f"{name} answers again.")
        else:
            simulated_outages.begin(name=name, seconds=seconds)
            self.stdout.write(f"{name} answers nobody for {seconds:g} s. `outage {name} --end` ends that.")

    def _check(self, name: str, seconds: float) -> None:
        if not settings.CONVEYOR_DEMO:
            raise CommandError("Outages are played in demo mode only; set CONVEYOR_DEMO=1.")
        if name not in circuit_breaker.simulated():
            raise CommandError(
                f"Nothing simulated is called {name}. There are: {', '.join(circuit_breaker.simulated())}."
            )
        if not 0 < seconds <= 86_400:
            raise CommandError("--seconds is more than 0, and at most 86,400.")
