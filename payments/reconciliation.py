"""Where do payments and the gateway's own record differ, and which difference can be mended without a person?

The gateway's word of an event and the periodic look end in the same comparison, which asks the gateway for the truth
of that moment. So neither the order nor the number of its words matters, and a late one never turns anything back.
"""

import uuid
from collections.abc import Iterator
from datetime import datetime, timedelta

from django.conf import settings
from django.db.models import Q, QuerySet, Sum
from django.utils import timezone

from messaging.models import Message
from payments import selectors, services
from payments.errors import GatewayDisagrees
from payments.gateways import ChargeRecord, gateway
from payments.models import UNSETTLED, Payment, PaymentStatus, RefundStatus
from payments.payloads import ChargePayment, ComparePayment, RefundPayment


def record_of(*, key: uuid.UUID, reference: str = "") -> ChargeRecord | None:
    """The gateway's record of a payment. Raises `GatewayUnavailable`."""
    known = Payment.objects.filter(pk=key).values_list("gateway_reference", flat=True).first()
    return gateway().fetch(idempotency_key=str(key), reference=reference or known or "")


def settle(*, key: uuid.UUID, record: ChargeRecord | None) -> None:
    """Bring a payment in line with `record`, inside the caller's transaction.

    Safe to mend is what the gateway decided and the shop has not heard yet: a capture, a decline. Raises
    `GatewayDisagrees` for all else; then nothing was written.
    """
    payment = Payment.objects.select_related("order").filter(pk=key).first()
    if payment is None:
        if record is not None and record.captured > record.refunded:
            raise GatewayDisagrees(
                f"{_taken(record)} by the gateway ({record.reference}), but no payment is known for it."
            )
        return
    if payment.status in UNSETTLED:
        _hear(payment, record)
    elif not _is_under_way(payment):
        _agree(payment, record)


def records() -> dict[str, ChargeRecord]:
    """The gateway's records of the last `settings.PAYMENT_RECONCILE_DAYS`, by payment. Raises `GatewayUnavailable`."""
    return dict(gateway().records(since=_since()))


def compare(*, records: dict[str, ChargeRecord]) -> int:
    """Send a comparison for each payment that differs from `records`, inside the caller's transaction; how many.

    A payment that is just being worked on, or whose comparison waits already, is left alone.
    """
    since = _since()
    waiting = set(_compared_already())
    differing = {key: number for key, number in _differing(records, since) if key not in waiting}
    for key, number in differing.items():
        record = records.get(str(key))
        services.compare_soon(key=key, reference=record.reference if record else "", number=number)
    return len(differing)


def _since() -> datetime:
    return timezone.now() - timedelta(days=settings.PAYMENT_RECONCILE_DAYS)


def _hear(payment: Payment, record: ChargeRecord | None) -> None:
    charge = record.charge if record else None
    if charge is not None:
        if (charge.amount, charge.currency) != (payment.amount, payment.currency):
            raise GatewayDisagrees(f"Payment {payment.pk} is for {payment.amount}, but {charge.amount} was taken.")
        services.record_capture(payment=payment, charge=charge)
    elif record is not None and record.declined and payment.status == PaymentStatus.PENDING:
        services.record_decline(payment=payment, code=record.declined)


def _agree(payment: Payment, record: ChargeRecord | None) -> None:
    if record is None or not record.captured:
        raise GatewayDisagrees(f"Payment {payment.pk} is {payment.status}, but the gateway knows of no such charge.")
    if record.captured != payment.amount:
        raise GatewayDisagrees(f"Payment {payment.pk} is for {payment.amount}, but {record.captured} was taken.")
    given_back = selectors.given_back(payment=payment)
    if record.refunded != given_back:
        raise GatewayDisagrees(
            f"Of payment {payment.pk}, {record.refunded} was given back by the gateway, and {given_back} is recorded."
        )


def _differing(records: dict[str, ChargeRecord], since: datetime) -> Iterator[tuple[uuid.UUID, str]]:
    """Each with its order's number, empty where no payment is known."""
    payments = {str(payment.pk): payment for payment in _recent(since, records)}
    under_way = set(_subjects_under_way())
    for key in records.keys() | payments.keys():
        payment, record = payments.get(key), records.get(key)
        if payment is None:
            yield uuid.UUID(key), ""
        elif payment.order.number not in under_way and _differs(payment, record):
            yield payment.pk, payment.order.number


def _recent(since: datetime, records: dict[str, ChargeRecord]) -> QuerySet[Payment]:
    """Payments since then and those that the gateway names, each with what is recorded as given back."""
    refunded = Sum("refunds__amount", filter=Q(refunds__status=RefundStatus.DONE))
    wanted = Payment.objects.filter(Q(pk__in=list(records)) | Q(captured_at__gte=since))
    return wanted.select_related("order").annotate(given_back=refunded)


def _subjects_under_way() -> QuerySet[Message, str]:
    """Orders whose payment some live message will still change: it tells its end by itself."""
    live = Message.objects.live().filter(task__in=(ChargePayment.task, RefundPayment.task))
    return live.values_list("subject", flat=True)


def _differs(payment: Payment, record: ChargeRecord | None) -> bool:
    if payment.status in UNSETTLED:
        return bool(record and record.captured)
    return record is None or (record.captured, record.refunded) != (payment.amount, payment.given_back or 0)  # type: ignore[attr-defined]


def _is_under_way(payment: Payment) -> bool:
    """Whether a message will still change the payment, and tell its end by itself."""
    live = Message.objects.unsettled().filter(subject=payment.order.number, task=RefundPayment.task)
    return live.exists()


def _compared_already() -> Iterator[uuid.UUID]:
    waiting = Message.objects.unsettled().filter(task=ComparePayment.task).values_list("payload", flat=True)
    return (uuid.UUID(payload["payment_id"]) for payload in waiting if "payment_id" in payload)


def _taken(record: ChargeRecord) -> str:
    return f"{record.captured - record.refunded} {record.currency} was taken"
