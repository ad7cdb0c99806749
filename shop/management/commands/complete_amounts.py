"""`manage.py complete_amounts`: amount lines for orders that an older release placed during an upgrade."""

from typing import Any

from django.core.management.base import BaseCommand

from orders.amounts.completing import complete_amounts


class Command(BaseCommand):
    help = "Write the amounts of orders that an older release placed during the upgrade. May be repeated."

    def handle(self, *args: Any, **options: Any) -> None:
        self.stdout.write(f"Orders completed: {complete_amounts()}.")
