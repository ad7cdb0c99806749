"""`manage.py seed_demo`: creates the demo data. Idempotent."""

from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandParser

from payments.gateways import is_simulated
from shop.demo.seed_catalogue import create_catalogue
from shop.demo.seed_logins import create_logins
from shop.demo.seed_orders import place_orders
from shop.demo.seed_reviews import create_reviews
from shop.office.staff import create_groups


class Command(BaseCommand):
    help = (
        "Create the demo catalogue and the staff groups and, in demo mode (CONVEYOR_DEMO=1), demo logins and orders, "
        "some of which fail. Existing records are left unchanged."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--without-orders", action="store_true", help="create the catalogue, groups and logins only"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        self._say(f"Catalogue: {create_catalogue()} products created.")
        self._say(f"Reviews: {create_reviews()} example reviews created.")
        create_groups()
        self._say("Staff groups: Operators, Support.")
        if not settings.CONVEYOR_DEMO:
            self._say("Skipped logins and orders: created in demo mode only (CONVEYOR_DEMO=1).")
            return
        self._say(f"Logins created (password = user name): {', '.join(create_logins()) or 'none'}.")
        if options["without_orders"]:
            return
        if not is_simulated():
            self._say(f"Skipped orders: {settings.PAYMENT_GATEWAY} does not know their test cards.")
            return
        for sale, is_new in place_orders():
            self._say(f"Order for {sale.name}: {sale.outcome}." if is_new else f"Order for {sale.name}: exists.")

    def _say(self, text: str) -> None:
        self.stdout.write(text)
        self.stdout.flush()
