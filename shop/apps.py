"""Django app of the shop: connects its signal receivers and registers its payloads and invariants."""

from django.apps import AppConfig, apps
from django.db.backends.signals import connection_created
from django.db.models.signals import post_migrate
from django.utils.translation import gettext_lazy as _


class ShopConfig(AppConfig):
    name = "shop"
    verbose_name = _("Shop")
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from shop import database_sessions, payloads, receivers  # noqa: F401
        from shop.accounts import invariants as of_accounts  # noqa: F401
        from shop.catalogue.search import folding, index
        from shop.catalogue.version import triggers
        from shop.demo.step_cures import register_cures
        from shop.doctor import production, seller  # noqa: F401
        from shop.health import measuring
        from shop.invoices import invariants as of_invoices  # noqa: F401
        from shop.office import extension_permissions
        from shop.returns import invariants as returns  # noqa: F401
        from shop.site import simulated  # noqa: F401
        from shop.stock import invariants  # noqa: F401

        receivers.connect()
        measuring.connect()
        register_cures()
        if apps.is_installed("messaging.operations"):
            from messaging.operations import alerts, audit, subject_progress
            from shop.accounts import operators
            from shop.office.decision_alerts import waiting_decisions
            from shop.office.parcels import links
            from shop.office.process.progress import orders_by_step

            alerts.register(waiting_decisions)
            audit.register(operators.ERASE_ACCOUNT, operators.ERASE_GUEST)
            links.register()
            subject_progress.register(orders_by_step)
        database_sessions.connect()
        connection_created.connect(folding.add_functions, dispatch_uid="shop.search.add_functions")
        # Before Django's own receiver, which creates permissions: `shop` is the first of INSTALLED_APPS.
        post_migrate.connect(extension_permissions.grant, dispatch_uid="shop.extension_permissions")
        post_migrate.connect(index.restore_triggers, sender=self, dispatch_uid="shop.search.restore_triggers")
        post_migrate.connect(triggers.restore_triggers, sender=self, dispatch_uid="shop.version.restore_triggers")
