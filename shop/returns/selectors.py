"""Reads of returns: what of an order can be returned and until when, and the returns that there are."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from uuid import UUID

from django.conf import settings
from django.db.models import Case, DateTimeField, ExpressionWrapper, F, Prefetch, Q, QuerySet, Sum, Value, When
from django.utils import timezone

from orders.models import Order, OrderEvent, OrderLine, Status
from payments.models import RefundStatus
from shop.models import Return, ReturnLine, ReturnStatus

#: Refunds of which the shopper has the money. One that was cancelled gave way to a refund from outside the shop.
_PAID_BACK = (RefundStatus.DONE, RefundStatus.SETTLED, RefundStatus.CANCELLED)
#: Shoppers are asked to send the parcel within `CONVEYOR_RETURN_WAIT_DAYS`; one sent on the last day still has its way.
_ON_ITS_WAY = timedelta(days=14)


@dataclass(frozen=True, slots=True)
class ReturnableLine:
    """An order line, and how many of its pieces are not being returned yet."""

    line: OrderLine
    left: int


@dataclass(frozen=True, slots=True)
class ReturnSummary:
    """A return as the order's page and the API show it. `lines` are SKU, name and pieces; `amount` is minor units.

    `taken`: pieces that cannot be asked for again.
    """

    id: str
    number: str
    status: str
    reason: str
    requested_at: datetime
    lines: tuple[tuple[str, str, int], ...]
    amount: int
    rejection: str
    carrier: str
    tracking_number: str
    has_label: bool
    taken: int

    @property
    def is_moving(self) -> bool:
        """Whether a task is about to change it: one books its parcel, or makes its refund."""
        return self.status == ReturnStatus.RECEIVED or (self.status == ReturnStatus.REQUESTED and not self.has_label)

    @property
    def can_cancel(self) -> bool:
        return self.status == ReturnStatus.REQUESTED


def return_deadline(*, delivered_at: datetime, days: int | None = None) -> datetime:
    """The end of the last day of the return period, in the shop's time zone. The day of delivery does not count."""
    zone = timezone.get_default_timezone()
    days = int(settings.CONVEYOR_RETURN_DAYS) if days is None else days
    day_after = timezone.localtime(delivered_at, zone).date() + timedelta(days=days + 1)
    return datetime.combine(day_after, time.min, tzinfo=zone)


def delivered_at(*, events: Iterable[OrderEvent]) -> datetime | None:
    return max((event.at for event in events if event.kind == Status.DELIVERED), default=None)


def return_until(*, order: Order, events: Iterable[OrderEvent], now: datetime) -> datetime | None:
    """Until when the order's items can be returned. None if they cannot (any more)."""
    delivered = delivered_at(events=events) if order.status == Status.DELIVERED else None
    if delivered is None or order.anonymised_at or settings.CONVEYOR_RETURN_DAYS == 0:
        return None
    until = return_deadline(delivered_at=delivered)
    return until if now < until else None


def returnable_lines(*, order: Order) -> list[ReturnableLine]:
    """Every line of the order. Pieces count as returned once requested; those not accepted can be asked for again."""
    taken = {line_id: pieces or 0 for line_id, pieces in _taken(order)}
    return [ReturnableLine(line, line.quantity - taken.get(line.pk, 0)) for line in order.lines.all()]


def by_line(*, lines: Sequence[ReturnableLine], wanted: Mapping[str, int]) -> dict[int, int]:
    """Pieces by primary key of the order line, for pieces by SKU. What does not fit stays on the SKU's last line."""
    found: dict[int, int] = {}
    for sku, pieces in wanted.items():
        own, rest = [each for each in lines if each.line.sku == sku], pieces
        for each in own:
            share = rest if each is own[-1] else min(rest, each.left)
            if share:
                found[each.line.pk] = share
            rest -= share
    return found


def returns_of(*, order: Order) -> list[ReturnSummary]:
    """An order's returns, oldest first. None before its delivery, without a statement."""
    if order.status not in (Status.DELIVERED, Status.REFUNDED):
        return []
    lines = Prefetch("lines", ReturnLine.objects.select_related("order_line"))
    rows = Return.objects.filter(order=order).select_related("label").prefetch_related(lines)
    return [_summary(row) for row in rows.defer("label__pdf").order_by("requested_at", "id")]


def returns_for_operators(*, order: Order) -> list[Return]:
    """Returns for an operator's page, newest first, with their lines."""
    rows = Return.objects.filter(order=order).select_related("refund__payment")
    return list(rows.prefetch_related("lines__order_line"))


def return_to_email(*, return_id: UUID) -> Return:
    """The return with its order. Raises `Return.DoesNotExist`."""
    return Return.objects.select_related("order").get(pk=return_id)


def booked_return(*, return_id: UUID) -> Return:
    """The return with its parcel. Raises `Return.DoesNotExist`."""
    return Return.objects.only("carrier", "tracking_number").get(pk=return_id)


def paid_back(*, order: Order) -> QuerySet[Return]:
    """Received returns whose money the shopper has."""
    return Return.objects.filter(order=order, status=ReturnStatus.RECEIVED, refund__status__in=_PAID_BACK)


def accepted_returns(*, order: Order) -> list[Return]:
    """Returns with accepted pieces, oldest first, with their lines and refunds.

    None before the order's delivery, without a statement.
    """
    if order.status not in (Status.DELIVERED, Status.REFUNDED):
        return []
    found = Return.objects.filter(order=order, lines__accepted__gt=0).distinct()
    found = found.select_related("order", "refund")
    return list(found.prefetch_related("lines__order_line").order_by("received_at", "pk"))


def unfinished_orders(*, limit: int) -> list[Order]:
    """Orders with a received return whose money the shopper has, as after a refund from outside the shop."""
    found = Return.objects.filter(status=ReturnStatus.RECEIVED, refund__status__in=_PAID_BACK)
    ids = found.order_by("requested_at").values_list("order", flat=True)[:limit]
    return list(Order.objects.filter(pk__in=set(ids)).order_by("pk"))


def abandoned(*, now: datetime) -> QuerySet[Return]:
    """Requested returns whose parcel has not come, oldest first.

    It may come for as long as the shopper was given, and for as long as is set now.
    """
    late = now - _ON_ITS_WAY
    since = late - timedelta(days=settings.CONVEYOR_RETURN_WAIT_DAYS)
    waits = Q(requested_at__gte=ExpressionWrapper(Value(late) - F("wait"), output_field=DateTimeField()))
    found = Return.objects.filter(status=ReturnStatus.REQUESTED, requested_at__lt=since)
    return found.filter(Q(wait=None) | ~waits).order_by("requested_at")


def _taken(order: Order) -> QuerySet[ReturnLine, tuple[int, int | None]]:
    pieces = Case(When(parent__status=ReturnStatus.REQUESTED, then=F("quantity")), default=F("accepted"))
    lines = ReturnLine.objects.filter(parent__order=order).exclude(parent__status=ReturnStatus.CANCELLED)
    return lines.order_by().values_list("order_line").annotate(pieces=Sum(pieces))


def _summary(row: Return) -> ReturnSummary:
    lines = ((each.order_line.sku, each.order_line.name, each.quantity) for each in row.lines.all())
    return ReturnSummary(
        id=str(row.pk),
        number=row.number,
        status=row.status,
        reason=row.reason,
        requested_at=row.requested_at,
        lines=tuple(lines),
        amount=row.amount,
        rejection=row.rejection,
        carrier=row.carrier,
        tracking_number=row.tracking_number,
        has_label=hasattr(row, "label"),
        taken=_pieces_taken(row),
    )


def _pieces_taken(row: Return) -> int:
    if row.status == ReturnStatus.CANCELLED:
        return 0
    is_decided = row.status != ReturnStatus.REQUESTED
    return sum((line.accepted or 0) if is_decided else line.quantity for line in row.lines.all())
