"""Periodic reconciliation in slices: reads the gateway's records page by page, then looks for captures without one.

A run covers what happened since the last one, however long ago that was; once a day, at least the last
`settings.PAYMENT_RECONCILE_DAYS`. Payments that agree are marked, so no slice needs to know what another has read.
"""

import logging
import uuid
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.db.models import Q, Sum
from django.utils import timezone

from messaging import outbox
from messaging.models import Cursor, Message, State
from messaging.worker import slices
from payments import services
from payments.gateways import ChargeRecord, ChargeState, gateway, gateway_name
from payments.models import RESERVED, UNSETTLED, Payment, PaymentStatus, RefundStatus
from payments.page_walk import advance
from payments.payloads import CapturePayment, ChargePayment, ComparePayment, Reconcile, RefundPayment, VoidPayment

log = logging.getLogger(__name__)
_CURSOR = "payments.reconcile"
#: Runs overlap, for clocks that differ and transactions that commit late.
_OVERLAP = timedelta(minutes=10)
_DAY = timedelta(days=1)
#: The gateway counts a pending refund from when it accepts it.
_AT_GATEWAY = Q(refunds__status=RefundStatus.DONE) | (
    Q(refunds__status=RefundStatus.PENDING) & ~Q(refunds__gateway_reference="")
)


_RECORDING = (ChargePayment.task, CapturePayment.task, VoidPayment.task, RefundPayment.task)
_UNDECIDED = tuple(status for status in UNSETTLED if status != PaymentStatus.AUTHORISED)
_TAKES_NOTHING = frozenset({ChargeState.DECLINED, ChargeState.VOIDED})
#: The states at the gateway that agree with a payment of which nothing is captured.
_AGREEING: Mapping[str, frozenset[ChargeState]] = {
    PaymentStatus.PENDING: frozenset(),
    PaymentStatus.ACTION_REQUIRED: frozenset({ChargeState.ACTION_REQUIRED}),
    PaymentStatus.PROCESSING: frozenset({ChargeState.PROCESSING}),
    PaymentStatus.AUTHORISED: frozenset({ChargeState.AUTHORISED}),
    PaymentStatus.FAILED: _TAKES_NOTHING,
    PaymentStatus.CANCELLED: _TAKES_NOTHING,
}


class Run:
    """One slice of a run, which moves `payload` on to the next."""

    def __init__(self, *, payload: Reconcile, since: datetime, started_at: datetime) -> None:
        self.payload, self._since, self._started_at = payload, since, started_at
        self._read = self._enqueued = 0

    @classmethod
    def of(cls, payload: Reconcile) -> "Run":
        """Continue the run that `payload` belongs to, or begin one."""
        if payload.since is None or payload.started_at is None:
            payload = _first_slice(now=timezone.now())
        assert payload.since is not None  # noqa: S101 - set by _first_slice()
        assert payload.started_at is not None  # noqa: S101
        return cls(payload=payload, since=payload.since, started_at=payload.started_at)

    def compare_page(self) -> int:
        """Compare the gateway's next page. Returns 0 after the last one.

        Raises `GatewayUnavailable`, also for pages without an end.
        """
        if self.payload.is_listed:
            return 0
        page = gateway().records(since=self._since - _OVERLAP, page=self.payload.page)
        with outbox.transaction():
            self._compare(page.records)
        position = advance(to=page.next, pages=self.payload.pages, mark=self.payload.mark)
        self._move(**position, is_listed=not page.next)
        self._read += len(page.records)
        return 1

    def compare_captured(self) -> int:
        """Find captures that no page contained, among the next payments. Returns how many payments it looked at."""
        after = self.payload.reached or self._since
        captured = Payment.objects.select_related("order").filter(
            captured_at__gt=after, captured_at__lt=self._started_at, gateway__in=("", gateway_name())
        )
        rows = list(captured.order_by("captured_at")[: slices.ROWS])
        if not rows:
            return 0
        last = rows[-1].captured_at
        if len(rows) == slices.ROWS:  # the next step begins after `last`
            seen = [row.pk for row in rows if row.captured_at == last]
            rows += captured.filter(captured_at=last).exclude(pk__in=seen)
        missing = [row for row in rows if self._is_unconfirmed(row)]
        with outbox.transaction():
            self._enqueue([(row.pk, row.gateway_reference, row.order.number) for row in missing])
        self._move(reached=last)
        return len(rows)

    def compare_reserved(self) -> int:
        """Compare payments that reserve money and that no page confirmed, such as older ones. Returns how many.

        What is being worked on is left out, and what is compared is confirmed or has another message: so this ends.
        """
        now = self._started_at
        found = Payment.objects.filter(_without_message(), status__in=RESERVED, created_at__lt=now).select_related(
            "order"
        )
        if self.payload.is_whole:
            found = found.filter(Q(confirmed_at=None) | Q(confirmed_at__lt=now))
        else:
            found = found.filter(confirmed_at=None, created_at__gte=self._since)
        rows = list(found.order_by("created_at")[: slices.ROWS])
        with outbox.transaction():
            for row in rows:
                services.enqueue_comparison(key=row.pk, reference=row.gateway_reference, number=row.order.number)
        self._enqueued += len(rows)
        return len(rows)

    def finish(self) -> None:
        """Store where the next run begins, in the caller's transaction."""
        position = Cursor.read(_CURSOR)
        started_at = self._started_at.isoformat()
        whole_at = started_at if self.payload.is_whole else position["whole_at"]
        Cursor.write(_CURSOR, {"started_at": started_at, "whole_at": whole_at})

    def log(self, *, is_finished: bool) -> None:
        state = "finished" if is_finished else "continuing"
        log.info("reconciliation: %s records read, %s comparisons enqueued, %s", self._read, self._enqueued, state)

    def _compare(self, records: Mapping[str, ChargeRecord | None]) -> None:
        """Of a record that cannot be counted, a comparison of its own says so, and the others are compared."""
        keys = {id_: record for key, record in records.items() if (id_ := _payment_id(key)) is not None}
        refunded = Sum("refunds__amount", filter=_AT_GATEWAY)
        payments = Payment.objects.filter(pk__in=list(keys)).select_related("order").annotate(refunded=refunded)
        known = {payment.pk: payment for payment in payments}
        differing = {id_ for id_, record in keys.items() if id_ not in known or _differs(known[id_], record)}
        agreeing = [id_ for id_ in known if id_ not in differing and known[id_].status not in _UNDECIDED]
        Payment.objects.filter(pk__in=agreeing).update(confirmed_at=self._started_at)
        references = {id_: record.reference if record else "" for id_, record in keys.items()}
        self._enqueue(
            [
                (id_, references[id_], known[id_].order.number if id_ in known else references[id_] or str(id_))
                for id_ in keys
                if id_ in differing
            ]
        )

    def _enqueue(self, found: Sequence[tuple[uuid.UUID, str, str]]) -> None:
        """Enqueue comparisons, given as ID, gateway's reference and subject, in the caller's transaction.

        Leaves out what is being worked on or already has a comparison enqueued.
        """
        subjects = {subject[:100] for _, _, subject in found}
        in_progress = _subjects_in_progress(subjects)
        enqueued = _enqueued_comparisons(subjects)
        for id_, reference, subject in found:
            if subject not in in_progress and id_ not in enqueued:
                services.enqueue_comparison(key=id_, reference=reference, number=subject[:100])
                self._enqueued += 1

    def _is_unconfirmed(self, payment: Payment) -> bool:
        """In a whole run, only payments that this run has read count as confirmed."""
        confirmed_at = payment.confirmed_at
        return confirmed_at is None or (self.payload.is_whole and confirmed_at < self._started_at)

    def _move(self, **changes: Any) -> None:
        self.payload = self.payload.model_copy(update=changes)


def _first_slice(*, now: datetime) -> Reconcile:
    position, days_ago = Cursor.read(_CURSOR), now - timedelta(days=settings.PAYMENT_RECONCILE_DAYS)
    if not position:
        return Reconcile(since=days_ago, started_at=now, is_whole=True)
    last = datetime.fromisoformat(position["started_at"]) - _OVERLAP
    is_whole = now - datetime.fromisoformat(position["whole_at"]) >= _DAY
    return Reconcile(since=min(last, days_ago) if is_whole else last, started_at=now, is_whole=is_whole)


def _payment_id(key: str) -> uuid.UUID | None:
    try:
        return uuid.UUID(key)
    except ValueError:
        log.warning("reconciliation: the gateway has a charge under the key %r, which is not a payment's ID", key)
        return None


def _differs(payment: Payment, record: ChargeRecord | None) -> bool:
    if record is None:
        return True
    if payment.status in UNSETTLED:
        return record.state not in _AGREEING[payment.status]
    return (record.captured, record.refunded) != (payment.amount, payment.refunded or 0)  # type: ignore[attr-defined]


def _subjects_in_progress(subjects: Iterable[str]) -> set[str]:
    """Orders with a live message that will record its own outcome.

    Not those whose refund or void the bank has been given days for: anything else may happen to the payment meanwhile.
    """
    live = Message.objects.live().filter(task__in=_RECORDING, subject__in=subjects)
    pending = Q(task__in=(RefundPayment.task, VoidPayment.task), available_at__gt=timezone.now())
    return set(live.exclude(pending).values_list("subject", flat=True))


def _without_message() -> Q:
    """Condition of payments: no message about their order will record an outcome."""
    has_message = Q()
    for task in (*_RECORDING, ComparePayment.task):
        has_message |= Q(Message.objects.unsettled().exist_about("order__number", task=task))
    return ~has_message


def _enqueued_comparisons(subjects: Iterable[str]) -> set[uuid.UUID]:
    """Not those that wait for the next look at an undecided payment."""
    waiting = Q(state=State.PENDING, available_at__gt=timezone.now())
    payloads = Message.objects.unsettled().filter(~waiting, task=ComparePayment.task, subject__in=subjects)
    found = (payload.get("payment_id") for payload in payloads.values_list("payload", flat=True))
    return {uuid.UUID(id_) for id_ in found if id_}
