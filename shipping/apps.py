"""How does Django find the shipping app, and which signals does it answer?"""

from django.apps import AppConfig


class ShippingConfig(AppConfig):
    name = "shipping"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from shipping import carriers, done_already, invariants, receivers  # noqa: F401

        receivers.connect()
        done_already.register()
        carriers.register_circuits()
