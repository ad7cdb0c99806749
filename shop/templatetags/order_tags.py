"""Template filters of checkout and order pages: delivery windows, times, and labels of states."""

from datetime import datetime

from babel.dates import format_interval, format_skeleton
from django import template
from django.utils import timezone, translation
from django.utils.translation import gettext as _

from orders.models import Status
from orders.timeline import ATTEMPT_FAILED, DEFERRED, REFUND_STARTED
from payments.models import PaymentStatus
from shipping.delivery_windows import DeliveryWindow
from shipping.models import ShipmentStatus
from shop.demo.card_hints import CARD_HINTS
from shop.order_pages.progress import StepState
from shop.order_pages.selectors import OrderView

register = template.Library()

_TONES: dict[str, str] = {
    Status.PAID: "good",
    Status.SHIPPED: "good",
    Status.DELIVERED: "good",
    Status.REFUNDED: "good",
    Status.PAYMENT_FAILED: "bad",
    ATTEMPT_FAILED: "waits",
    DEFERRED: "waits",
    REFUND_STARTED: "waits",
}

_STATUS_BADGES = {
    "placed": "badge-info",
    "paid": "badge-info",
    "shipped": "badge-info",
    "delivered": "badge-success",
    "payment_failed": "badge-error",
    "cancelled": "badge-neutral",
    "refunded": "badge-neutral",
}

# Weekday, day and month, as the locale arranges them.
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
    """`Wed, Mar 4, 14:05`, by the visitor's clock."""
    local = timezone.localtime(at)
    day = format_skeleton(_DAY, local, locale=translation.to_locale(translation.get_language() or "en"))
    return f"{day}, {local:%H:%M}"


@register.filter
def travels(method: str) -> str:
    """What a way to travel is like."""
    return {
        "standard": _("In good time, in good order."),
        "express": _("Overtakes other orders on every queue."),
    }.get(method, "")


@register.filter
def step_label(state: str) -> str:
    """What a step that was not reached yet says instead of a time."""
    return {
        StepState.NOW: _("next"),
        StepState.TROUBLE: _("waits"),
        StepState.FAILED: _("failed"),
    }.get(StepState(state), "")


@register.filter
def event_tone(event: str) -> str:
    """`good`, `waits`, `bad` or `plain`: how an entry of the timeline is marked beside its words."""
    return _TONES.get(event, "plain")


@register.filter
def money_words(view: OrderView) -> str:
    """Where the money of the newest payment is."""
    if view.payment is None:
        return ""
    if view.order.status == Status.CANCELLED and view.payment.status == PaymentStatus.CAPTURED:
        return _("on its way back to you")
    return {
        PaymentStatus.PENDING: _("not taken yet"),
        PaymentStatus.CAPTURED: _("paid"),
        PaymentStatus.FAILED: _("nothing taken"),
        PaymentStatus.CANCELLED: _("not wanted any more"),
        PaymentStatus.REFUNDED: _("back with you"),
    }[PaymentStatus(view.payment.status)]


@register.filter
def parcel_words(status: str) -> str:
    return str(dict(ShipmentStatus.choices).get(status, status))


@register.filter
def status_tone(status: str) -> str:
    """CSS class of an order status's badge."""
    return _STATUS_BADGES.get(status, "badge-neutral")


@register.filter
def card_hint(method: str) -> str:
    """What a test card does; nothing for methods of a real gateway."""
    return str(CARD_HINTS.get(method, ""))


@register.filter
def without_underscores(code: str) -> str:
    """`card_declined` as `card declined`."""
    return code.replace("_", " ")
