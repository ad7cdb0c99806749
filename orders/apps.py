"""Django app configuration: connects signal receivers and registers invariants."""

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class OrdersConfig(AppConfig):
    name = "orders"
    verbose_name = _("Orders")
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from messaging import circuit_breaker, scheduler
        from orders import invariants, payloads, receivers, selectors  # noqa: F401
        from orders.emails import delivery, mail_server

        mail_server.require_backend()
        receivers.connect()
        circuit_breaker.register(delivery.CIRCUIT, _("Mail server"))
        scheduler.only_if(payloads.AcknowledgeOrders, selectors.has_unacknowledged)
        scheduler.only_if(payloads.ExpireReservations, selectors.has_expired_reservations)
