"""Return invariants: never more returned than bought, received returns are refunded, stock movements agree."""

from collections.abc import Iterator

from django.db.models import Exists, F, IntegerField, OuterRef, Q, QuerySet, Subquery, Sum, Value
from django.db.models.functions import Coalesce

from messaging.invariants import invariant
from messaging.models import Message
from orders.invariants import ORDERS
from orders.models import Order, OrderLine
from payments.amounts import totals
from payments.models import Dispute, Payment, PaymentStatus, Refund
from payments.models import RefundStatus as Money
from shipping.models import CarrierParcel
from shop.models import Return, ReturnLine, ReturnStatus, StockMovement
from shop.payloads import SendReturnLabel

MAX_REPORTED = 50


@invariant("no order line is returned more often than it was bought", over=ORDERS)
def returns_fit(orders: QuerySet[Order]) -> Iterator[str]:
    """Pieces that were not accepted may be asked for again."""
    own = ReturnLine.objects.filter(order_line=OuterRef("pk"))
    asked = own.filter(parent__status=ReturnStatus.REQUESTED)
    lines = OrderLine.objects.filter(order__in=orders, return_lines__isnull=False).distinct()
    counted = lines.annotate(returned=_sum(asked, "quantity") + _sum(own, "accepted"))
    for line in counted.filter(returned__gt=F("quantity")).select_related("order")[:MAX_REPORTED]:
        number, returned = line.order.number, line.returned
        yield f"Order {number}: {returned} pieces of {line.sku} are returned, but {line.quantity} were bought."


@invariant("every received return is refunded, or its refund is under way", over=ORDERS)
def received_returns_are_refunded(orders: QuerySet[Order]) -> Iterator[str]:
    """Invariants of refunds check that a pending refund has a message, and that a failed one is decided.

    A refund that was cancelled gave way to one from outside the shop, which completes the return.
    """
    received = Return.objects.filter(order__in=orders, status=ReturnStatus.RECEIVED)
    explained = Q(refund__status__in=(Money.PENDING, Money.FAILED, Money.CANCELLED))
    for each in received.exclude(explained).select_related("order").order_by("pk")[:MAX_REPORTED]:
        yield f"Return {each.number} was received, but nothing will refund it."


@invariant("the shop holds no money of goods that came back", over=ORDERS)
def returned_goods_are_refunded(orders: QuerySet[Order]) -> Iterator[str]:
    """Also if less was left to refund when they were received. What is owed for delivery is left out."""
    accepted = ReturnLine.objects.filter(parent__order=OuterRef("pk"), accepted__gt=0)
    complete = accepted.filter(parent__status=ReturnStatus.REFUNDED)
    payments = Payment.objects.filter(order=OuterRef("pk"), status=PaymentStatus.CAPTURED)
    of_captured = {"payment__order": OuterRef("pk"), "payment__status": PaymentStatus.CAPTURED}
    refunds = Refund.objects.filter(**of_captured).exclude(status=Money.CANCELLED)
    disputes = Dispute.objects.filter(**of_captured)
    gone = totals(refunds, per="payment__order") + totals(disputes.at_stake(), per="payment__order")
    goods = accepted.order_by().values("parent__order").annotate(n=Sum(F("accepted") * F("order_line__unit_price")))
    counted = orders.filter(Exists(complete)).annotate(
        left=totals(payments, per="order") - gone,
        returned=Coalesce(Subquery(goods.values("n")), Value(0), output_field=IntegerField()),
    )
    for order in counted.filter(left__gt=F("total") - F("returned")).order_by("pk")[:MAX_REPORTED]:
        number, returned = order.number, f"{order.returned} of {order.total}"
        yield f"Of order {number}, goods for {returned} came back, but the shop holds {order.left}."


@invariant("returns are refunded for what they are worth, and within what was paid", over=ORDERS)
def amounts_agree(orders: QuerySet[Order]) -> Iterator[str]:
    returns = Return.objects.filter(order__in=orders)
    wrong = Q(refund__isnull=False) & ~Q(amount=F("refund__amount"))
    for each in returns.filter(wrong).order_by("pk")[:MAX_REPORTED]:
        yield f"Return {each.number} records {each.amount}, but its refund is another amount."
    paid = totals(Payment.objects.filter(order=OuterRef("pk")).exclude(captured_at=None), per="order")
    refunds = totals(Return.objects.filter(order=OuterRef("pk")), per="order")
    with_returns = orders.filter(Exists(returns.filter(order=OuterRef("pk")))).annotate(paid=paid, given=refunds)
    for order in with_returns.filter(given__gt=F("paid")).order_by("pk")[:MAX_REPORTED]:
        yield f"Order {order.number} paid {order.paid}, but {order.given} was refunded for its returns."


@invariant("returned goods are in stock once", over=ORDERS)
def stock_agrees(orders: QuerySet[Order]) -> Iterator[str]:
    """What operators put back is what was moved under the return's number."""
    moved = StockMovement.objects.filter(reference=OuterRef("number"), reason=StockMovement.Reason.RETURN)
    restocked = ReturnLine.objects.filter(parent=OuterRef("pk"))
    by_reference = Coalesce(
        Subquery(moved.order_by().values("reference").annotate(n=Sum("quantity")).values("n")),
        Value(0),
        output_field=IntegerField(),
    )
    counted = Return.objects.filter(order__in=orders).annotate(
        moved=by_reference, restocked=_sum(restocked, "restocked", per="parent")
    )
    for each in counted.exclude(moved=F("restocked")).order_by("pk")[:MAX_REPORTED]:
        yield f"Return {each.number}: {each.restocked} pieces went back to stock, but {each.moved} were moved."


@invariant("every parcel booked for a return belongs to one", over=ORDERS)
def parcels_have_a_return(orders: QuerySet[Order]) -> Iterator[str]:
    """Booked under the return's number, and recorded by a message that is done with it."""
    labelled = Message.objects.unsettled().exist_about("order__number", task=SendReturnLabel.task)
    parcels = CarrierParcel.objects.filter(idempotency_key=OuterRef("number"), is_return=True)
    unrecorded = Return.objects.filter(~labelled, Exists(parcels), order__in=orders, tracking_number="")
    for each in unrecorded.order_by("pk")[:MAX_REPORTED]:
        yield f"A carrier has booked a parcel for return {each.number}, which does not record it."


def _sum(rows: QuerySet[ReturnLine], field: str, *, per: str = "order_line") -> Coalesce:
    sums = rows.order_by().values(per).annotate(n=Sum(field)).values("n")
    return Coalesce(Subquery(sums), Value(0), output_field=IntegerField())
