"""Django app of the operators' desk."""

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class OperationsConfig(AppConfig):
    name = "messaging.operations"
    label = "operations"
    verbose_name = _("Operations")
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from messaging import scheduler
        from messaging.hooks import message_pages, observers
        from messaging.operations import alerts, invariants, links, payloads, receivers, unsigned  # noqa: F401
        from messaging.operations.bulk_retry import driver

        receivers.connect()
        alerts.register(unsigned.conditions)
        observers.register(unsigned.UnsignedMessages())
        message_pages.register(links.message_url)
        scheduler.only_if(driver.RequeueOverdueTurns, driver.anything_overdue)
