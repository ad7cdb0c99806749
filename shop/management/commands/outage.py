"""Simulates an outage of an external system: `python manage.py outage gateway.simulated --seconds 30`."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from messaging import circuit_breaker, clock, simulated_outages
from messaging.conf import settings
from shop.demo.game_days import services


class Command(BaseCommand):
    help = "Demo only: make a simulated gateway or carrier unreachable for a while."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("name", metavar="NAME", help="such as gateway.simulated")
        parser.add_argument("--seconds", type=float, default=30.0, help="duration (default: 30)")
        parser.add_argument("--end", action="store_true", help="end the outage now")

    def handle(self, *args: Any, **options: Any) -> None:
        name, seconds = options["name"], options["seconds"]
        self._validate(name, seconds)
        if options["end"]:
            simulated_outages.end(name=name)
            self.stdout.write(f"{name} is reachable again.")
        else:
            simulated_outages.begin(name=name, seconds=seconds)
            self.stdout.write(f"{name} is unreachable for {seconds:g} s. End it with `outage {name} --end`.")

    def _validate(self, name: str, seconds: float) -> None:
        if not settings.CONVEYOR_DEMO:
            raise CommandError("Outages can be simulated in demo mode only. Start the demo with `make run`.")
        known = circuit_breaker.simulated()
        if name not in known:
            raise CommandError(f"No simulated system is named {name}. Choose from: {', '.join(known)}.")
        if not 0 < seconds <= 86_400:
            raise CommandError("--seconds must be greater than 0 and at most 86,400.")
        if (fault := services.outage_of(name)) is not None:
            raise CommandError(
                f"{fault.begun_by} has begun an outage of {name} that lasts until {clock.exact(fault.ends_at)}. "
                "Wait for its end, or end it at /admin/shop/fault/."
            )
