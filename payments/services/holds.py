"""Holds of orders: while their money is going back, or may have to, nothing is shipped."""

from django.db import transaction
from django.db.models import Case, CharField, Exists, OuterRef, Q, QuerySet, Value, When

from orders.models import Hold, Order
from orders.transitions import set_hold
from payments.amounts import totals
from payments.models import OPEN, PAYING, RETURNED, SETTLED, Dispute, Payment, PaymentStatus, Refund


@transaction.atomic(savepoint=False)
def update_hold(*, order: Order) -> None:
    """Put the order on hold or lift its hold, as its refunds and disputes demand. The caller holds the order's lock."""
    set_hold(order=order, hold=_hold_of(order))


def has_nothing_left(*, order: Order) -> bool:
    """Whether all that the order has paid has gone back, and nothing of it is still in question."""
    return _hold_of(order) == Hold.NOTHING_LEFT


def with_due_hold(orders: QuerySet[Order]) -> QuerySet[Order]:
    """Annotate `due_hold`, the hold that each order should have.

    A payment that was replaced, and captured all the same, may take weeks to go back: the one that pays is enough.
    """
    refunds = Refund.objects.filter(payment__order=OuterRef("pk"))
    disputes = Dispute.objects.filter(payment__order=OuterRef("pk"))
    later = Payment.objects.filter(order=OuterRef("payment__order"), created_at__gt=OuterRef("payment__created_at"))
    owed = refunds.filter(~Exists(later.filter(status__in=PAYING)), status__in=OPEN)
    paid = Payment.objects.filter(order=OuterRef("pk"), status__in=(PaymentStatus.AUTHORISED, *SETTLED))
    kept = totals(paid, per="order") - totals(refunds.filter(status__in=RETURNED), per="payment__order")
    return orders.annotate(kept=kept - totals(disputes.lost(), per="payment__order")).annotate(
        due_hold=Case(
            When(Exists(disputes.contested()), then=Value(Hold.DISPUTE.value)),
            When(Exists(owed), then=Value(Hold.REFUND.value)),
            When(Q(kept__lte=0) & Exists(paid), then=Value(Hold.NOTHING_LEFT.value)),
            default=Value(Hold.NONE.value),
            output_field=CharField(),
        )
    )


def _hold_of(order: Order) -> Hold:
    return Hold(with_due_hold(Order.objects.filter(pk=order.pk)).get().due_hold)  # type: ignore[attr-defined]
