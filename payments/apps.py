"""How does Django find the payments app, and which signals does it answer?"""

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class PaymentsConfig(AppConfig):
    name = "payments"
    verbose_name = _("Payments")
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from payments import done_already, gateways, invariants, receivers  # noqa: F401

        receivers.connect()
        done_already.register()
        gateways.register_circuit()
