"""Invariants of disputes and holds, checked by the audit."""

from collections.abc import Iterator

from django.db.models import Exists, F, OuterRef, QuerySet

from messaging.invariants import invariant
from orders.invariants import ORDERS
from orders.models import Order, Status
from payments.gateways import is_simulated
from payments.models import Dispute, GatewayDispute
from payments.services.holds import with_due_hold

MAX_REPORTED = 50
#: Where a hold decides anything.
_SHIPPABLE = (Status.PAID, Status.SHIPPED)


@invariant("an order is on hold exactly while its money is going back, or may have to", over=ORDERS)
def holds_are_due(orders: QuerySet[Order]) -> Iterator[str]:
    wrong = with_due_hold(orders.filter(status__in=_SHIPPABLE)).exclude(hold=F("due_hold"))
    for order in wrong.order_by("pk")[:MAX_REPORTED]:
        due = order.due_hold  # type: ignore[attr-defined]
        yield f"Order {order.number} has the hold {order.hold or 'none'!r}, but should have {due or 'none'!r}."


@invariant("disputes are the gateway's", over=ORDERS)
def disputes_agree(orders: QuerySet[Order]) -> Iterator[str]:
    if not is_simulated():
        return
    records = GatewayDispute.objects.filter(reference=OuterRef("gateway_id"), amount=OuterRef("amount"))
    disputes = Dispute.objects.filter(~Exists(records), payment__order__in=orders)
    for dispute in disputes.select_related("payment__order")[:MAX_REPORTED]:
        number = dispute.payment.order.number
        yield f"Dispute {dispute.gateway_id} of {dispute.amount} ({number}) is not recorded at the gateway."
