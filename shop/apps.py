"""How does Django find the shop app, and which signals does it answer?"""

from django.apps import AppConfig
from django.db.models.signals import post_migrate


class ShopConfig(AppConfig):
    name = "shop"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from shop import invariants, payloads, receivers  # noqa: F401
        from shop.search import index

        receivers.connect()
        post_migrate.connect(index.mend, sender=self, dispatch_uid="shop.search.mend")
