"""Which words do the pages of checkout and order have beyond those of the whole storefront?"""

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
from shop.journey import Progress
from shop.selectors import OrderView

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
def progress_words(progress: str) -> str:
    """What a station that was not reached yet says instead of a time."""
    return {
        Progress.NOW: _("next"),
        Progress.TROUBLE: _("waits"),
        Progress.FAILED: _("failed"),
    }.get(Progress(progress), "")


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
