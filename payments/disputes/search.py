"""Search for disputes that no webhook reported, and for news of undecided ones."""

from datetime import timedelta

from django.conf import settings
from django.utils import timezone

from messaging import outbox
from messaging.models import Message
from payments.disputes.events import enqueue_comparison
from payments.disputes.selectors import payment_of
from payments.gateways import gateway
from payments.models import Dispute
from payments.payloads import CompareDispute, FindDisputes

#: Webhooks report what changes; this is only in case one was lost.
COMPARE_EVERY = timedelta(hours=12)
MOST_COMPARED = 100


class Search:
    """One slice of a run, which moves `payload` on to the next."""

    def __init__(self, payload: FindDisputes) -> None:
        since = payload.since or timezone.now() - timedelta(days=settings.PAYMENT_RECONCILE_DAYS)
        self.payload = payload.model_copy(update={"since": since})
        self._since, self._is_read = since, False

    def read_page(self) -> int:
        """Enqueue comparisons of the unknown disputes of the next page. Returns 0 after the last page.

        Raises `GatewayUnavailable`.
        """
        if self._is_read:
            return 0
        page = gateway().disputes(since=self._since, page=self.payload.page)
        ours = {record.reference: record.key for record in page.records if record.key}
        known = set(Dispute.objects.filter(gateway_id__in=ours).values_list("gateway_id", flat=True))
        with outbox.transaction():
            for reference in ours.keys() - known:
                _enqueue(reference, key=ours[reference])
        self.payload, self._is_read = self.payload.model_copy(update={"page": page.next}), not page.next
        return 1


def compare_undecided() -> None:
    """Enqueue comparisons of undecided disputes that were not compared for a while, in the caller's transaction."""
    now = timezone.now()
    stale = Dispute.objects.undecided().filter(compared_at__lt=now - COMPARE_EVERY)
    for dispute in stale.select_related("payment__order").order_by("compared_at")[:MOST_COMPARED]:
        Dispute.objects.filter(pk=dispute.pk).update(compared_at=now)
        enqueue_comparison(reference=dispute.gateway_id, payment=dispute.payment)


def _enqueue(reference: str, *, key: str) -> None:
    """Leaves out charges that are not the shop's, and orders with a comparison that is under way or dead."""
    payment = payment_of(key=key)
    if payment is None:
        return
    comparisons = Message.objects.filter(task=CompareDispute.task, subject=payment.order.number)
    if not comparisons.unsettled().exists():
        enqueue_comparison(reference=reference, payment=payment)
