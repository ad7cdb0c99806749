"""`manage.py seed_demo`: fills an empty shop with the demo's data; safe to run twice."""

from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandParser

from shop.demo.seed_catalogue import create_catalogue
from shop.demo.seed_logins import create_groups, create_logins
from shop.demo.seed_orders import place_orders
from shop.demo.seed_reviews import create_reviews


class Command(BaseCommand):
    help = (
        "Fill the shop with the demo catalogue and the groups of staff and, in demo mode (CONVEYOR_DEMO=1), with demo "
        "logins and orders, some of which fail. What is there already is left as it is."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--without-orders", action="store_true", help="catalogue, groups and logins only")

    def handle(self, *args: Any, **options: Any) -> None:
        self._say(f"Catalogue: {create_catalogue()} new products.")
        self._say(f"Reviews: {create_reviews()} new examples.")
        create_groups()
        self._say("Groups of staff: Operators, Support.")
        if not settings.CONVEYOR_DEMO:
            self._say("No logins and no orders: these are made in demo mode only (CONVEYOR_DEMO=1).")
            return
        self._say(f"New logins, each with its name as password: {', '.join(create_logins()) or 'none'}.")
        for sale, is_new in () if options["without_orders"] else place_orders():
            self._say(f"Order of {sale.name}: {sale.outcome}." if is_new else f"Order of {sale.name}: already there.")

    def _say(self, text: str) -> None:
        self.stdout.write(text)
        self.stdout.flush()
