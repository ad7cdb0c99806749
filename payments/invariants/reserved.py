"""Invariants of money that is reserved and not captured: it is taken once the goods have left, or released."""

from collections.abc import Iterator

from django.db.models import Exists, OuterRef, Q, QuerySet

from messaging.invariants import invariant
from messaging.models import Message
from orders.invariants import ORDERS
from orders.models import Order, Status
from payments.invariants.money import CHARGES, LOOKED_AT, MAX_REPORTED, recorded, unexplained
from payments.models import RESERVED, GatewayCharge, Payment, PaymentStatus
from payments.payloads import CapturePayment, ChargePayment, ComparePayment, VoidPayment

_RESERVES = (GatewayCharge.State.AUTHORISED, GatewayCharge.State.ACTION_REQUIRED, GatewayCharge.State.PROCESSING)
#: The status of the payment that an order of each status waits for.
_AWAITS = {Status.ACTION_REQUIRED: PaymentStatus.ACTION_REQUIRED, Status.PROCESSING: PaymentStatus.PROCESSING}


@invariant("every shipped order's money is captured, or has a message that will capture it", over=ORDERS)
def shipped_orders_are_captured(orders: QuerySet[Order]) -> Iterator[str]:
    """A dead message counts: an operator sees it."""
    has_message = Message.objects.unsettled().exist_about("order__number", task=CapturePayment.task)
    waiting = Payment.objects.filter(~has_message, order__in=orders, status=PaymentStatus.AUTHORISED)
    shipped = waiting.filter(order__status__in=(Status.SHIPPED, Status.DELIVERED))
    for payment in shipped.select_related("order").order_by("pk")[:MAX_REPORTED]:
        number = payment.order.number
        yield f"Order {number} is {payment.order.status}, but {payment.amount} is only authorised."


@invariant("the gateway reserves money only for orders that want it", over=CHARGES)
def nothing_is_reserved_in_vain(charges: QuerySet[GatewayCharge]) -> Iterator[str]:
    """Unless a message will record it, or release it."""
    wanted = recorded(Payment.objects.filter(status__in=RESERVED))
    unknown = charges.filter(~wanted, is_captured=False, state__in=_RESERVES)
    keys = dict(unknown.order_by("pk").values_list("pk", "idempotency_key")[:LOOKED_AT])
    for charge in unexplained(unknown, keys, (ChargePayment, VoidPayment, ComparePayment)):
        yield (
            f"The gateway reserves {charge.amount} {charge.currency} ({charge.reference}), which no order wants, and "
            "no message will release it."
        )


@invariant("every payment that waits for the shopper or the bank has a message that looks at it", over=ORDERS)
def undecided_payments_are_followed(orders: QuerySet[Order]) -> Iterator[str]:
    has_message = Message.objects.unsettled().exist_about("order__number", task=ComparePayment.task)
    undecided = Payment.objects.filter(~has_message, order__in=orders, status__in=_AWAITS.values())
    for payment in undecided.select_related("order").order_by("pk")[:MAX_REPORTED]:
        yield f"Payment {payment.pk} ({payment.order.number}) is {payment.status}, and no message will look at it."


@invariant("an order that waits for the shopper or the bank has the payment it waits for", over=ORDERS)
def waiting_orders_have_their_payment(orders: QuerySet[Order]) -> Iterator[str]:
    is_wrong = Q(pk__in=[])
    for status, awaited in _AWAITS.items():
        its_payment = Payment.objects.filter(order=OuterRef("pk"), status=awaited)
        is_wrong |= Q(~Exists(its_payment), status=status) | (Q(Exists(its_payment)) & ~Q(status=status))
    for order in orders.filter(is_wrong).order_by("pk")[:MAX_REPORTED]:
        yield f"Order {order.number} is {order.status}, but its payment is not."
