"""How does Django find the shop app, and which signals does it answer?"""

from django.apps import AppConfig


class ShopConfig(AppConfig):
    name = "shop"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from shop import invariants, receivers  # noqa: F401

        receivers.connect()
