"""Webhooks: declares the service, checks its settings, and connects its receivers."""

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _

from extensions import Service
from extensions.webhooks import conf


class WebhooksConfig(AppConfig):
    name = "extensions.webhooks"
    verbose_name = _("Webhooks")
    default_auto_field = "django.db.models.BigAutoField"
    service = Service(
        queue="webhooks",
        binding="webhook.#",
        concurrency=2,
        views=("view_endpoint", "view_delivery"),
        actions=("add_endpoint", "change_endpoint", "delete_endpoint", "resend_delivery"),
        schedule={"webhooks.purge_deliveries": 3600.0},
    )

    def ready(self) -> None:
        from extensions.webhooks import receivers

        conf.check()
        receivers.connect()
