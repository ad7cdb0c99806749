"""Django app configuration: connects signal receivers, the circuit breaker and the hooks of bulk retry."""

from django.apps import AppConfig
from django.conf import settings
from django.utils.translation import gettext_lazy as _


class PaymentsConfig(AppConfig):
    name = "payments"
    verbose_name = _("Payments")
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from payments import already_done, gateways, invariants, receivers  # noqa: F401
        from payments.disputes import invariants as of_disputes  # noqa: F401

        receivers.connect()
        already_done.register()
        gateways.register_circuit()
        if settings.PAYMENT_GATEWAY == "stripe":
            from payments.gateways.stripe_setup import refuse_currency

            refuse_currency()
