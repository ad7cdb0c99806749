"""Django app at the end of the list: starts the series of messages at zero once every app has declared its tasks."""

from django.apps import AppConfig


class MeasuringConfig(AppConfig):
    name = "shop.health"
    label = "shop_health"

    def ready(self) -> None:
        from messaging.telemetry import messages

        messages.prepare()
