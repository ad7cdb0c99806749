"""Runs a relay of the shop: the engine's command, which serves the metrics of its process, too."""

from typing import Any

from messaging.management.commands import relay
from shop.health import metrics_server


class Command(relay.Command):
    def handle(self, *args: Any, **options: Any) -> None:
        metrics_server.start()
        super().handle(*args, **options)
