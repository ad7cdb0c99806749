"""Django app configuration: connects signal receivers, circuit breakers and the hooks of bulk retry."""

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class ShippingConfig(AppConfig):
    name = "shipping"
    verbose_name = _("Shipping")
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from shipping import already_done, carriers, invariants, receivers  # noqa: F401

        receivers.connect()
        already_done.register()
        carriers.register_circuits()
