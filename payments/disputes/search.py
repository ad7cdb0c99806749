"""Search for disputes that no webhook reported, and for news of undecided ones."""

from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta

from django.conf import settings
from django.utils import timezone

from messaging import outbox
from messaging.models import Cursor, Message
from payments.disputes.events import enqueue_comparison
from payments.disputes.selectors import payments_of
from payments.gateways import gateway
from payments.models import Dispute, Payment
from payments.page_walk import advance
from payments.payloads import CompareDispute, FindDisputes

_CURSOR = "payments.find_disputes"
#: For clocks that differ.
_OVERLAP = timedelta(minutes=10)
#: Webhooks report what changes; this is only in case one was lost.
COMPARE_EVERY = timedelta(hours=12)
MOST_COMPARED = 100


class Search:
    """One slice of a run, which moves `payload` on to the next."""

    def __init__(self, payload: FindDisputes) -> None:
        self._since = payload.since or _since()
        self.payload = payload.model_copy(update={"since": self._since})

    def read_page(self) -> int:
        """Enqueue comparisons of the unknown disputes of the next page. Returns 0 after the last page.

        Raises `GatewayUnavailable`, also for pages without an end.
        """
        if self.payload.is_listed:
            return 0
        page = gateway().disputes(since=self._since, page=self.payload.page)
        with outbox.transaction():
            for reference, payment in _unknown(page.keys):
                enqueue_comparison(reference=reference, payment=payment)
        position = advance(to=page.next, pages=self.payload.pages, mark=self.payload.mark)
        self.payload = self.payload.model_copy(update={**position, "is_listed": not page.next})
        return 1

    def finish(self) -> None:
        """Store until when disputes are known: the run began then, or later. In the caller's transaction."""
        until = self._since + timedelta(days=settings.PAYMENT_RECONCILE_DAYS)
        Cursor.write(_CURSOR, {"until": until.isoformat()})


def compare_undecided() -> None:
    """Enqueue comparisons of undecided disputes that were not compared for a while, in the caller's transaction."""
    now = timezone.now()
    stale = Dispute.objects.undecided().filter(compared_at__lt=now - COMPARE_EVERY).order_by("compared_at")
    disputes = list(stale.select_related("payment__order")[:MOST_COMPARED])
    Dispute.objects.filter(pk__in=[dispute.pk for dispute in disputes]).update(compared_at=now)
    for dispute in disputes:
        enqueue_comparison(reference=dispute.gateway_id, payment=dispute.payment)


def _since() -> datetime:
    """The last days, and whatever no run has covered, as after a restored backup or days without beat."""
    days_ago, position = timezone.now() - timedelta(days=settings.PAYMENT_RECONCILE_DAYS), Cursor.read(_CURSOR)
    return min(days_ago, datetime.fromisoformat(position["until"]) - _OVERLAP) if position else days_ago


def _unknown(keys: Mapping[str, str]) -> Iterator[tuple[str, Payment]]:
    """Unrecorded disputes of the shop's charges, except of orders with a comparison that is under way or dead."""
    known = set(Dispute.objects.filter(gateway_id__in=keys).values_list("gateway_id", flat=True))
    payments = payments_of(keys=[key for reference, key in keys.items() if reference not in known])
    numbers = {payment.order.number for payment in payments.values()}
    comparisons = Message.objects.unsettled().filter(task=CompareDispute.task, subject__in=numbers)
    compared = set(comparisons.values_list("subject", flat=True))
    for reference in keys.keys() - known:
        payment = payments.get(keys[reference])
        if payment is not None and payment.order.number not in compared:
            yield reference, payment
