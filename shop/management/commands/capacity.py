"""`manage.py capacity --orders-per-second N`: the processes and cores that carry N orders a second."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from shop.capacity.output import as_json, as_text
from shop.capacity.plan import plan
from shop.capacity.service_times import ServiceTimes

MOST = 100_000


class Command(BaseCommand):
    help = "Say how many processes, slots and cores carry a number of orders a second, from measured service times."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--orders-per-second", type=float, required=True, metavar="N")
        parser.add_argument("--json", action="store_true", help="print the plan as JSON; times in seconds")

    def handle(self, *args: Any, **options: Any) -> None:
        orders = options["orders_per_second"]
        if not 0 < orders <= MOST:
            raise CommandError(f"--orders-per-second must be greater than 0 and at most {MOST:,}.")
        times = ServiceTimes.stored()
        found = plan(orders_per_second=orders, times=times)
        self.stdout.write(as_json(found) if options["json"] else as_text(found, times))
