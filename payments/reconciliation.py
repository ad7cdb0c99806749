"""Reconciliation: finds payments that differ from the gateway's record, and repairs what is safe to repair.

Webhook events and the periodic run lead to the same comparison, which reads the gateway's current record. So neither
the order nor the number of events matters, and a late one never reverts anything.
"""

import uuid
from collections.abc import Iterator
from datetime import datetime, timedelta

from django.conf import settings
from django.db.models import Q, QuerySet, Sum
from django.utils import timezone

from messaging.models import Message
from payments import selectors, services
from payments.errors import GatewayMismatch
from payments.gateways import ChargeRecord, gateway
from payments.models import UNSETTLED, Payment, PaymentStatus, RefundStatus
from payments.payloads import ChargePayment, ComparePayment, RefundPayment


def gateway_record(*, key: uuid.UUID, reference: str = "") -> ChargeRecord | None:
    """The gateway's record of a payment. Raises `GatewayUnavailable`."""
    known = Payment.objects.filter(pk=key).values_list("gateway_reference", flat=True).first()
    return gateway().fetch(idempotency_key=str(key), reference=reference or known or "")


def reconcile_payment(*, key: uuid.UUID, record: ChargeRecord | None) -> None:
    """Bring a payment in line with the gateway's `record`, inside the caller's transaction.

    A capture or a decline that the shop has not recorded is safe to apply. Raises `GatewayMismatch` for any other
    difference; nothing is written then.
    """
    payment = Payment.objects.select_related("order").filter(pk=key).first()
    if payment is None:
        if record is not None and record.captured > record.refunded:
            raise GatewayMismatch(
                f"The gateway captured {_net_amount(record)} ({record.reference}), but no payment is known for it."
            )
        return
    if payment.status in UNSETTLED:
        _apply(payment, record)
    elif not _has_pending_refund(payment):
        _check_agreement(payment, record)


def gateway_records() -> dict[str, ChargeRecord]:
    """The gateway's records of the last `settings.PAYMENT_RECONCILE_DAYS`, by payment. Raises `GatewayUnavailable`."""
    return dict(gateway().records(since=_since()))


def enqueue_comparisons(*, records: dict[str, ChargeRecord]) -> int:
    """Enqueue a comparison for each payment that differs from `records`, inside the caller's transaction.

    Leaves out payments that are being worked on or already have a comparison enqueued. Returns how many.
    """
    since = _since()
    enqueued = set(_enqueued_comparisons())
    differing = {key: number for key, number in _differing(records, since) if key not in enqueued}
    for key, number in differing.items():
        record = records.get(str(key))
        services.enqueue_comparison(key=key, reference=record.reference if record else "", number=number)
    return len(differing)


def _since() -> datetime:
    return timezone.now() - timedelta(days=settings.PAYMENT_RECONCILE_DAYS)


def _apply(payment: Payment, record: ChargeRecord | None) -> None:
    charge = record.charge if record else None
    if charge is not None:
        if (charge.amount, charge.currency) != (payment.amount, payment.currency):
            raise GatewayMismatch(f"Payment {payment.pk} is for {payment.amount}, but {charge.amount} was captured.")
        services.record_capture(payment=payment, charge=charge)
    elif record is not None and record.declined and payment.status == PaymentStatus.PENDING:
        services.record_decline(payment=payment, code=record.declined)


def _check_agreement(payment: Payment, record: ChargeRecord | None) -> None:
    if record is None or not record.captured:
        raise GatewayMismatch(f"Payment {payment.pk} is {payment.status}, but the gateway has no such charge.")
    if record.captured != payment.amount:
        raise GatewayMismatch(f"Payment {payment.pk} is for {payment.amount}, but {record.captured} was captured.")
    refunded = selectors.refunded_amount(payment=payment)
    if record.refunded != refunded:
        raise GatewayMismatch(
            f"The gateway refunded {record.refunded} of payment {payment.pk}, but {refunded} is recorded."
        )


def _differing(records: dict[str, ChargeRecord], since: datetime) -> Iterator[tuple[uuid.UUID, str]]:
    """Payment IDs, each with its order's number; empty where no payment is known."""
    payments = {str(payment.pk): payment for payment in _recent(since, records)}
    in_progress = set(_subjects_in_progress())
    for key in records.keys() | payments.keys():
        payment, record = payments.get(key), records.get(key)
        if payment is None:
            yield uuid.UUID(key), ""
        elif payment.order.number not in in_progress and _differs(payment, record):
            yield payment.pk, payment.order.number


def _recent(since: datetime, records: dict[str, ChargeRecord]) -> QuerySet[Payment]:
    """Payments captured since then and those in `records`, each with its recorded refunds."""
    refunded = Sum("refunds__amount", filter=Q(refunds__status=RefundStatus.DONE))
    payments = Payment.objects.filter(Q(pk__in=list(records)) | Q(captured_at__gte=since))
    return payments.select_related("order").annotate(refunded=refunded)


def _subjects_in_progress() -> QuerySet[Message, str]:
    """Orders with a live charge or refund message, which will record its own outcome."""
    live = Message.objects.live().filter(task__in=(ChargePayment.task, RefundPayment.task))
    return live.values_list("subject", flat=True)


def _differs(payment: Payment, record: ChargeRecord | None) -> bool:
    if payment.status in UNSETTLED:
        return bool(record and record.captured)
    return record is None or (record.captured, record.refunded) != (payment.amount, payment.refunded or 0)  # type: ignore[attr-defined]


def _has_pending_refund(payment: Payment) -> bool:
    """Whether a refund message will still change the payment and record its own outcome."""
    refunds = Message.objects.unsettled().filter(subject=payment.order.number, task=RefundPayment.task)
    return refunds.exists()


def _enqueued_comparisons() -> Iterator[uuid.UUID]:
    payloads = Message.objects.unsettled().filter(task=ComparePayment.task).values_list("payload", flat=True)
    return (uuid.UUID(payload["payment_id"]) for payload in payloads if "payment_id" in payload)


def _net_amount(record: ChargeRecord) -> str:
    return f"{record.captured - record.refunded} {record.currency}"
