"""Django app of the engine."""

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class MessagingConfig(AppConfig):
    name = "messaging"
    verbose_name = _("Messaging")
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from messaging import retention  # noqa: F401
        from messaging.broker import database, redis_transport, tolerance  # noqa: F401
        from messaging.invariants import periodic  # noqa: F401
        from messaging.worker import system_checks  # noqa: F401

        redis_transport.install()
        tolerance.install()
