"""Which tables may grow: those that keep a shop's records, by a bounded number of rows for each order.

Every other table must keep its size, so a table without retention that nobody has listed here fails the soak.
"""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

#: Apps and models whose rows are kept for ever: orders with what belongs to them, and who did what.
RECORDS = {"payments.Payment", "payments.Refund", "payments.Dispute", "shipping"}
RECORDS |= {"payments.GatewayCharge", "payments.GatewayRefund", "payments.GatewayDispute", "payments.GatewayCall"}
RECORDS |= {"orders.Order", "orders.OrderLine", "orders.OrderEvent", "orders.EmailDelivery"}
RECORDS |= {"shop.Invoice", "shop.CreditNote", "shop.StockMovement"}
RECORDS |= {"operations.AuditEntry", "operations.PayloadEdit", "admin.LogEntry"}
#: What a run ages: the column from which retention counts, and the rows that are old enough.
AGED = {
    "messaging.Message": "finished_at",
    "operations.Alert": "cleared_at",
    "operations.BulkOperation": "finished_at",
    "operations.QueueMinute": "minute",
    "payments.GatewayEvent": "received_at",
    "shop.GuestBasket": "changed_at",
    "axes.AccessAttempt": "attempt_time",
    "axes.AccessFailureLog": "attempt_time",
    "axes.AccessLog": "attempt_time",
}
#: The same for what has a time to live: when it began, and when it expires.
EXPIRING = {"knox.AuthToken": ("created", "expiry"), "orders.IdempotencyKey": ("created_at", "expires_at")}
#: Seconds that rows stay as old as they are, and how much older they are made then.
FRESH, YEARS = 180.0, timedelta(days=800)
UPKEEP = (
    "messaging.purge_finished",
    "operations.purge_expired",
    "shop.purge_expired",
    "messaging.check_invariants",
    "messaging.check_everything",
)


def models() -> Iterator[Any]:
    from django.apps import apps

    return (model for model in apps.get_models() if model._meta.managed and not model._meta.proxy)


def is_record(model: Any) -> bool:
    return bool({model._meta.app_label, model._meta.label} & RECORDS)


def counts() -> tuple[dict[str, int], dict[str, int]]:
    """Rows of tables with retention, and of records, by model."""
    found = {model._meta.label: model._base_manager.count() for model in models()}
    records = {model._meta.label for model in models() if is_record(model)}
    kept = {label: rows for label, rows in found.items() if label in records}
    return {label: rows for label, rows in found.items() if label not in records}, kept


def age() -> None:
    """Make what ended a while ago so old that retention deletes it."""
    from django.apps import apps
    from django.conf import settings
    from django.contrib.sessions.models import Session
    from django.db.models import F
    from django.utils import timezone

    now = timezone.now()
    fresh = now - timedelta(seconds=FRESH)
    for label, column in AGED.items():
        old = {f"{column}__lt": fresh, f"{column}__gt": now - YEARS / 2}
        apps.get_model(label)._base_manager.filter(**old).update(**{column: F(column) - YEARS})
    for label, (began, expires) in EXPIRING.items():
        old = {f"{began}__lt": fresh, f"{expires}__gt": fresh}
        apps.get_model(label)._base_manager.filter(**old).update(**{expires: fresh})
    lifetime = timedelta(seconds=settings.SESSION_COOKIE_AGE)
    Session.objects.filter(expire_date__lt=fresh + lifetime).update(expire_date=fresh)


def tick() -> None:
    """Enqueue retention and audit, as beat does at their times."""
    from messaging import scheduler

    for task in UPKEEP:
        scheduler.tick(task)
