"""Django app of the engine."""

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _
from kombu.transport import TRANSPORT_ALIASES


class MessagingConfig(AppConfig):
    name = "messaging"
    verbose_name = _("Messaging")
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from messaging import retention  # noqa: F401
        from messaging.broker import database, tolerance  # noqa: F401
        from messaging.invariants import periodic  # noqa: F401
        from messaging.transitions import failure_steps  # noqa: F401
        from messaging.worker import system_checks  # noqa: F401

        tolerance.install()
        for scheme in ("redis", "rediss"):  # kombu has no other way to replace the transport of a scheme
            TRANSPORT_ALIASES[scheme] = "messaging.broker.redis_transport:Transport"
