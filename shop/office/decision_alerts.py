"""Alerts about what waits for an operator's decision: disputes, failed refunds, and parcels that did not arrive.

One for each, cleared once it is decided. They are listed oldest first, so that newer ones push none from the list.
"""

from collections.abc import Iterator

from django.conf import settings

from messaging import clock
from orders.money import display
from payments.disputes.selectors import to_answer
from payments.models import Dispute, Refund
from payments.selectors import failed_refunds
from shipping.models import Shipment
from shipping.selectors import undelivered_parcels


def waiting_decisions() -> Iterator[tuple[str, str]]:
    """Texts by key, each with the page of the decision; addresses are written out, since workers load no URLs."""
    waiting = (
        *((f"dispute:{dispute.gateway_id}", *_dispute(dispute)) for dispute in to_answer()),
        *((f"refund:{refund.pk}", *_refund(refund)) for refund in failed_refunds()),
        *((f"parcel:{shipment.pk}", *_parcel(shipment)) for shipment in undelivered_parcels()),
    )
    for key, text, page in waiting:
        yield key, f"{text}: {settings.SITE_URL}/admin/{page}/"


def _dispute(dispute: Dispute) -> tuple[str, str]:
    due = f"by {clock.text(dispute.evidence_due_at)}" if dispute.evidence_due_at else "(no deadline given)"
    kind = "An inquiry about" if dispute.is_inquiry else "A dispute of"
    what = f"{kind} {display(dispute.amount, dispute.currency)} for order {dispute.payment.order.number}"
    return f"{what} needs a response {due}", f"payments/dispute/{dispute.pk}/change"


def _refund(refund: Refund) -> tuple[str, str]:
    what = f"{display(refund.amount, refund.payment.currency)} for order {refund.payment.order.number}"
    return f"A refund of {what} has failed; repeat or settle it", f"payments/refund/{refund.pk}/decide"


def _parcel(shipment: Shipment) -> tuple[str, str]:
    what = f"{shipment.tracking_number} of order {shipment.order.number} was {shipment.status}"
    return f"Parcel {what}; send a replacement or refund the order", f"orders/order/{shipment.order_id}/parcels"
