"""Order reads for its page and the API, and the orders of one shopper."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django.contrib.auth.base_user import AbstractBaseUser
from django.db.models import Q, QuerySet
from django.db.models.functions import Lower
from django.utils import timezone
from django.utils.translation import get_language

from orders import selectors as orders
from orders import timeline as order_timeline
from orders.amounts.tax import Tax, tax_in, tax_of
from orders.amounts.texts import tax_notes
from orders.models import Order, OrderEvent, OrderLine, Status
from orders.placing.services import NewOrder
from orders.selectors import WAITING
from payments.models import OPEN, SETTLED, UNDECIDED, PaymentStatus
from payments.selectors import PaymentSummary, new_summary
from payments.selectors import summary as payment_summary
from shipping.delivery_windows import DeliveryWindow
from shipping.models import Shipment
from shipping.selectors import booked_window, event_text, events_of, expected_window, tracking_url
from shop.invoices.selectors import NO_PAPERS, OrderPapers, papers_of
from shop.models.returns import OPEN_RETURNS
from shop.order_pages.progress import OrderProgress, StepState, order_progress
from shop.returns.selectors import ReturnSummary, return_until, returns_of

_ESTIMABLE = (Status.PLACED, Status.PAID, Status.SHIPPED)
_UNFINISHED = (*WAITING, Status.PAYMENT_FAILED, Status.PAID, Status.SHIPPED)


@dataclass(frozen=True, slots=True)
class TimelineEntry:
    """`event` is for programs, `text` for people. `is_resolved`: a failure that the order no longer waits for."""

    at: datetime
    event: str
    text: str
    is_resolved: bool = False


@dataclass(frozen=True, slots=True)
class ShipmentSummary:
    """`steps` are the carrier's tracking events, oldest first."""

    status: str
    carrier: str
    tracking_number: str
    tracking_url: str
    steps: tuple[TimelineEntry, ...]


@dataclass(frozen=True, slots=True)
class OrderView:
    """An order as its page and the API show it.

    `is_final`: no automatic step is left. `needs_operator`: a step failed for good, and an operator has to fix it.
    `paid_at`: when the payment was authorised or captured, even if refunded since. `estimate`: the delivery window, if
    known. `unpaid_until`: when the order is cancelled unless it is paid; until then its stock stays reserved, except
    after a failed payment, which releases it. `return_until`: until when items can be returned, if any can.
    `version` changes whenever the view does.
    """

    order: Order
    lines: tuple[OrderLine, ...]
    tax: Tax
    timeline: tuple[TimelineEntry, ...]
    payment: PaymentSummary | None
    shipment: ShipmentSummary | None
    is_final: bool
    needs_operator: bool
    can_cancel: bool
    can_pay: bool
    progress: OrderProgress
    estimate: DeliveryWindow | None
    paid_at: datetime | None
    unpaid_until: datetime | None
    returns: tuple[ReturnSummary, ...]
    return_until: datetime | None
    version: str
    papers: OrderPapers = NO_PAPERS

    @property
    def tax_notes(self) -> list[str]:
        """Sentences about the order's VAT, in the active language."""
        return tax_notes(tax=self.tax, currency=self.order.currency)

    @property
    def has_invoice(self) -> bool:
        """Whether a payment was captured, so that there is an invoice. Not of an order without its buyer's name."""
        return self.order.anonymised_at is None and _is_captured(self.payment)


def order_by_public_id(*, public_id: str) -> Order:
    """Raises `Order.DoesNotExist`."""
    return Order.objects.get(public_id=public_id)


def find_order(*, number: str, email: str) -> str | None:
    """The public ID of the order with this number, if it was placed with this e-mail address, in any letter case.

    One statement in any case, by the index of the number, so that the time does not tell which of the two is wrong.
    """
    found = Order.objects.annotate(lower_email=Lower("email")).filter(number=number, lower_email=email.lower())
    return found.values_list("public_id", flat=True).first()


def order_view(*, public_id: str) -> OrderView:
    """The order as its page and the API show it, in five statements, one each with a parcel and an invoice,
    and up to three for returns.

    What is about to change is read before what it changes: a page that is final never shows what was before.
    Raises `Order.DoesNotExist`.
    """
    order = Order.objects.select_related("shipment").get(public_id=public_id)
    returns = returns_of(order=order)
    if returns:
        order.refresh_from_db(fields=["status"])
    payment = payment_summary(order_id=order.pk)
    papers = papers_of(order=order) if _is_captured(payment) else NO_PAPERS
    lines, events = list(order.lines.all()), list(order.events.all())
    return _view(order, lines, tax_of(order), events, payment, _shipment(order), returns, papers)


def new_order_view(*, new: NewOrder, payment_method: str) -> OrderView:
    """The order as it was placed, without a statement."""
    payment = new_summary(method=payment_method)
    return _view(new.order, new.lines, tax_in(new.amounts), [new.event], payment, None, [])


def _view(
    order: Order,
    lines: Sequence[OrderLine],
    tax: Tax,
    events: Sequence[OrderEvent],
    payment: PaymentSummary | None,
    shipment: ShipmentSummary | None,
    returns: Sequence[ReturnSummary],
    papers: OrderPapers = NO_PAPERS,
) -> OrderView:
    timeline = _timeline(events)
    is_final = _is_final(order, payment) and not any(each.is_moving for each in returns)
    progress = _progress(order, events, payment, shipment)
    estimate = _estimate(order, lines, progress, shipment)
    needs_operator = not is_final and order_timeline.needs_attention(events)
    unpaid_until = _unpaid_until(order, events) if needs_operator or orders.can_pay(order) else None
    until = _return_until(order, lines, events, returns)
    parts = (timeline, payment, shipment, progress, estimate, unpaid_until, returns, until, papers)
    return OrderView(
        order=order,
        lines=tuple(lines),
        tax=tax,
        timeline=timeline,
        payment=payment,
        shipment=shipment,
        is_final=is_final,
        needs_operator=needs_operator,
        can_cancel=orders.can_cancel(order),
        can_pay=orders.can_pay(order),
        progress=progress,
        estimate=estimate,
        paid_at=_last_at(events, Status.PAID),
        unpaid_until=unpaid_until,
        papers=papers,
        returns=tuple(returns),
        return_until=until,
        version=_version(order.status, *parts, *_viewer()),
    )


def _progress(
    order: Order, events: Sequence[OrderEvent], payment: PaymentSummary | None, shipment: ShipmentSummary | None
) -> OrderProgress:
    return order_progress(
        status=order.status,
        payment_status=payment.status if payment else None,
        events=events,
        parcel_status=shipment.status if shipment else None,
    )


def orders_of(*, user: AbstractBaseUser) -> QuerySet[Order]:
    """A shopper's orders, newest first."""
    return Order.objects.filter(user_id=user.pk)


def guest_orders(*, email: str) -> QuerySet[Order]:
    """The orders placed with this e-mail address, in any letter case, by people who had not signed in."""
    return Order.objects.alias(lower_email=Lower("email")).filter(lower_email=email.lower(), user=None)


def unfinished_orders_of(*, user: AbstractBaseUser) -> QuerySet[Order]:
    """A shopper's orders that still need their personal data."""
    return unfinished(orders_of(user=user))


def unfinished(found: QuerySet[Order]) -> QuerySet[Order]:
    """Those that still need their personal data: a delivery, refund, return or dispute is in progress.

    The evidence for a bank names the shopper (article 17(3)(e) of the GDPR).
    """
    refund_due = Q(status=Status.CANCELLED, payments__status=PaymentStatus.CAPTURED) | Q(
        payments__refunds__status__in=OPEN
    )
    is_returned = Q(returns__status__in=OPEN_RETURNS)
    is_disputed = Q(payments__disputes__status__in=UNDECIDED)
    in_progress = Q(status__in=_UNFINISHED)
    return found.filter(in_progress | refund_due | is_returned | is_disputed).distinct()


def _shipment(order: Order) -> ShipmentSummary | None:
    shipment: Shipment | None = getattr(order, "shipment", None)
    if shipment is None:
        return None
    return ShipmentSummary(
        status=shipment.status,
        carrier=shipment.carrier,
        tracking_number=shipment.tracking_number,
        tracking_url=tracking_url(shipment=shipment),
        steps=tuple(TimelineEntry(e.at, e.code, event_text(e)) for e in events_of(shipment_id=shipment.pk)),
    )


def _estimate(
    order: Order, lines: Sequence[OrderLine], progress: OrderProgress, shipment: ShipmentSummary | None
) -> DeliveryWindow | None:
    """An unshipped order leaves today at the earliest; while a step is failing there is no estimate."""
    if order.status not in _ESTIMABLE or any(step.state == StepState.TROUBLE for step in progress.steps):
        return None
    if shipment:
        return booked_window(shipment=order.shipment)
    pieces = sum(line.quantity for line in lines)
    return expected_window(order=order, pieces=pieces, now=timezone.now())


def _unpaid_until(order: Order, events: Sequence[OrderEvent]) -> datetime | None:
    """None once the deadline has passed, since the order may be cancelled at any moment."""
    until = orders.payment_deadline(order=order, events=events)
    return until if until and until > timezone.now() else None


def _last_at(events: Sequence[OrderEvent], kind: str) -> datetime | None:
    return next((event.at for event in reversed(events) if event.kind == kind), None)


def _timeline(events: Sequence[OrderEvent]) -> tuple[TimelineEntry, ...]:
    return tuple(
        TimelineEntry(entry.event.at, entry.event.kind, entry.text, entry.is_resolved)
        for entry in order_timeline.entries_for_shoppers(events)
    )


def _return_until(
    order: Order, lines: Sequence[OrderLine], events: Sequence[OrderEvent], returns: Sequence[ReturnSummary]
) -> datetime | None:
    """None also once every piece is being returned."""
    left = sum(line.quantity for line in lines) - sum(each.taken for each in returns)
    return return_until(order=order, events=events, now=timezone.now()) if left > 0 else None


def _viewer() -> tuple[str | None, str]:
    """Language and time zone of the viewer, in which the page is rendered."""
    return get_language(), timezone.get_current_timezone_name()


def _is_captured(payment: PaymentSummary | None) -> bool:
    return payment is not None and payment.status in SETTLED


def _is_final(order: Order, payment: PaymentSummary | None) -> bool:
    if order.status == Status.CANCELLED:
        return payment is None or payment.status != PaymentStatus.CAPTURED
    return order.status in (Status.DELIVERED, Status.REFUNDED)


def _version(*parts: object) -> str:
    return hashlib.sha256(repr(parts).encode()).hexdigest()[:16]
