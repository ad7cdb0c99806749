"""Runs a relay: `python manage.py relay`, any number at once."""

import signal
from typing import Any

from celery import current_app
from django.core.management.base import BaseCommand, CommandParser

from messaging.broker.database import refuse_transaction_pooling
from messaging.relay.loop import Pace, Relay


class Command(BaseCommand):
    #: All other checks would import every page.
    requires_system_checks = ["messaging"]
    help = "Publish due messages from the ledger to the broker and recover lost ones. Run any number of relays."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--batch", type=int, default=Pace.batch, help="messages per batch (default: %(default)s)")

    def handle(self, *args: Any, **options: Any) -> None:
        refuse_transaction_pooling()
        relay = Relay(current_app._get_current_object(), Pace(batch=max(1, options["batch"])))
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: relay.stop())
        relay.run()
