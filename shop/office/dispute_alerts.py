"""Alerts about disputes: one for each that waits for the shop's evidence, cleared once it is answered or decided."""

from collections.abc import Iterator

from django.conf import settings

from messaging import clock
from orders.money import display
from payments.disputes.selectors import to_answer


def waiting_disputes() -> Iterator[tuple[str, str]]:
    """Texts by key, oldest first, so that newer disputes push none from the list."""
    for dispute in to_answer():
        due = f"by {clock.text(dispute.evidence_due_at)}" if dispute.evidence_due_at else "(no deadline given)"
        kind = "An inquiry about" if dispute.is_inquiry else "A dispute of"
        what = f"{kind} {display(dispute.amount, dispute.currency)} for order {dispute.payment.order.number}"
        url = f"{settings.SITE_URL}/admin/payments/dispute/{dispute.pk}/change/"
        yield f"dispute:{dispute.gateway_id}", f"{what} needs a response {due}: {url}"
