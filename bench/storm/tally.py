"""Counts the orders of a storm in the records of the shop, the gateway and the carrier."""

from dataclasses import dataclass
from datetime import timedelta

from django.db.models import Count
from django.utils import timezone

from messaging.models import Message
from orders.models import Order
from payments.models import GatewayCharge, Payment
from shipping.models import CarrierParcel
from tests.stack import Stack
from tests.stack.orders import FINISHED

#: An order that is younger may be on its way through the broker alone.
GRACE = timedelta(seconds=5)


@dataclass(frozen=True)
class Tally:
    """`lost`: neither shipped nor in the ledger. `doubled`: bought, charged or shipped more often than once."""

    placed: int
    shipped: int
    lost: int
    doubled: int


def tally(stack: Stack, purchases: int, *, grace: timedelta = GRACE) -> Tally:
    """Count all orders of the stack; lost ones only if they are older than `grace`. `purchases`: of the shoppers."""
    with stack.db() as alias:
        orders = Order.objects.using(alias)
        unfinished = orders.exclude(status__in=FINISHED)
        kept = Message.objects.using(alias).unsettled().exclude(task="orders.send_email").values("subject")
        lost = unfinished.filter(placed_at__lte=timezone.now() - grace).exclude(number__in=kept)
        placed = orders.count()
        return Tally(
            placed=placed,
            shipped=placed - unfinished.count(),
            lost=lost.count(),
            doubled=max(0, placed - purchases) + _charged_twice(alias) + _shipped_twice(alias),
        )


def _charged_twice(alias: str) -> int:
    charges = GatewayCharge.objects.using(alias).values_list("idempotency_key", flat=True)
    orders = Payment.objects.using(alias).filter(pk__in=list(charges)).values("order")
    return orders.annotate(charges=Count("pk")).filter(charges__gt=1).count()


def _shipped_twice(alias: str) -> int:
    parcels = CarrierParcel.objects.using(alias).values("idempotency_key")
    return parcels.annotate(parcels=Count("pk")).filter(parcels__gt=1).count()
