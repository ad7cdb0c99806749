"""Template filters for checkout and order pages: delivery windows, times and status labels."""

import re
from datetime import datetime, timedelta

from babel.dates import format_date, format_interval, format_skeleton
from django import template
from django.utils import timezone, translation
from django.utils.html import conditional_escape
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext as _

from orders.models import NUMBER_PREFIX, Status
from orders.timeline import ATTEMPT_FAILED, DEFERRED, REFUND_FAILED, REFUND_STARTED
from payments.models import PaymentStatus
from shipping.delivery_windows import DeliveryWindow
from shipping.models import ShipmentStatus
from shop.checkout.countries import country_name
from shop.demo.card_hints import CARD_HINTS
from shop.models import ReturnStatus
from shop.order_pages.decline_reasons import DECLINE_REASONS
from shop.order_pages.selectors import OrderView, TimelineEntry

register = template.Library()
register.filter(country_name)

_ORDER_NUMBER = re.compile(rf"{NUMBER_PREFIX}\w+-\w+")

_TONES: dict[str, str] = {
    Status.PAID: "good",
    Status.SHIPPED: "good",
    Status.DELIVERED: "good",
    Status.REFUNDED: "good",
    Status.ACTION_REQUIRED: "waits",
    Status.PROCESSING: "waits",
    Status.PAYMENT_FAILED: "bad",
    ATTEMPT_FAILED: "waits",
    DEFERRED: "waits",
    REFUND_FAILED: "waits",
    REFUND_STARTED: "waits",
}

_STATUS_BADGES = {
    "placed": "badge-info",
    "action_required": "badge-info",
    "processing": "badge-info",
    "paid": "badge-info",
    "shipped": "badge-info",
    "delivered": "badge-success",
    "payment_failed": "badge-error",
    "cancelled": "badge-neutral",
    "refunded": "badge-neutral",
}

_RETURN_BADGES: dict[str, str] = {
    ReturnStatus.REQUESTED: "badge-info",
    ReturnStatus.RECEIVED: "badge-info",
    ReturnStatus.REFUNDED: "badge-success",
    ReturnStatus.REJECTED: "badge-error",
    ReturnStatus.CANCELLED: "badge-neutral",
}

# Weekday, day and month, in the locale's order.
_DAY = "MMMEd"


@register.filter
def arrival(window: DeliveryWindow) -> str:
    """`Wed, Mar 4 – Fri, Mar 6`, or the one day on which a parcel arrives."""
    locale = translation.to_locale(translation.get_language() or "en")
    if window.earliest == window.latest:
        return format_skeleton(_DAY, window.earliest, locale=locale)
    return format_interval(window.earliest, window.latest, _DAY, locale=locale)


@register.filter
def moment(at: datetime) -> str:
    """Date and time such as `Wed, Mar 4, 14:05`, in the visitor's time zone."""
    local = timezone.localtime(at)
    day = format_skeleton(_DAY, local, locale=translation.to_locale(translation.get_language() or "en"))
    return f"{day}, {local:%H:%M}"


@register.filter
def day(at: datetime) -> str:
    """Date such as `March 4, 2026`, in the visitor's time zone."""
    locale = translation.to_locale(translation.get_language() or "en")
    return format_date(timezone.localtime(at).date(), format="long", locale=locale)


@register.filter
def last_day(until: datetime) -> str:
    """The last whole day before a moment at midnight, in the shop's time zone."""
    local = timezone.localtime(until - timedelta(seconds=1), timezone.get_default_timezone())
    return format_skeleton(_DAY, local, locale=translation.to_locale(translation.get_language() or "en"))


@register.filter
def unbroken(text: str) -> SafeString:
    """The text, with order numbers that no narrow screen breaks at their hyphens."""
    escaped = conditional_escape(text)
    return mark_safe(_ORDER_NUMBER.sub(r'<span class="whitespace-nowrap">\g<0></span>', escaped))  # noqa: S308


@register.filter
def shipping_hint(method: str) -> str:
    """One sentence about a shipping method."""
    return {
        "standard": _("Our standard delivery."),
        "express": _("Moves ahead of other orders in every queue."),
    }.get(method, "")


@register.filter
def event_tone(entry: TimelineEntry) -> str:
    """CSS tone of a timeline entry: `good`, `waits`, `bad` or `plain`."""
    return "plain" if entry.is_resolved else _TONES.get(entry.event, "plain")


@register.filter
def payment_label(view: OrderView) -> str:
    """Status of the latest payment, as shown to the shopper."""
    if view.payment is None:
        return ""
    if view.order.status == Status.CANCELLED and view.payment.status == PaymentStatus.CAPTURED:
        return _("refund in progress")
    return {
        PaymentStatus.PENDING: _("pending"),
        PaymentStatus.ACTION_REQUIRED: _("waiting for you to confirm"),
        PaymentStatus.PROCESSING: _("processing at your bank"),
        PaymentStatus.AUTHORISED: _("approved; charged when we ship"),
        PaymentStatus.CAPTURED: _("paid"),
        PaymentStatus.FAILED: _("not charged"),
        PaymentStatus.CANCELLED: _("cancelled"),
        PaymentStatus.REFUNDED: _("refunded"),
    }[PaymentStatus(view.payment.status)]


@register.filter
def parcel_label(status: str) -> str:
    return str(dict(ShipmentStatus.choices).get(status, status))


@register.filter
def status_tone(status: str) -> str:
    """CSS class of the badge for an order status."""
    return _STATUS_BADGES.get(status, "badge-neutral")


@register.filter
def card_hint(method: str) -> str:
    """What a test card does; empty for the methods of a real gateway."""
    return str(CARD_HINTS.get(method, ""))


@register.filter
def decline_reason(code: str) -> str:
    """A gateway's code for a failed payment in words; empty if the shopper is not to see it."""
    return str(DECLINE_REASONS.get(code, ""))


@register.filter
def return_label(status: str) -> str:
    return str(ReturnStatus(status).label)


@register.filter
def return_tone(status: str) -> str:
    """CSS class of the badge for a return's status."""
    return _RETURN_BADGES[status]
