"""How does Django find the shipping app, and which signals does it answer?"""

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class ShippingConfig(AppConfig):
    name = "shipping"
    verbose_name = _("Shipping")
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from shipping import carriers, done_already, invariants, receivers  # noqa: F401

        receivers.connect()
        done_already.register()
        carriers.register_circuits()
