"""Recognizes dead payment messages whose work is already done, so that a bulk retry can skip them.

Only the shop's own record counts. A charge that the gateway has recorded and the shop has not must be retried: the
idempotency key finds it.
"""

import uuid
from collections.abc import Collection, Mapping

from django.utils.translation import gettext as _

from messaging.hooks import already_done
from payments.models import RESERVED, SETTLED, Payment, PaymentStatus, Refund, RefundStatus
from payments.payloads import CapturePayment, ChargePayment, RefundPayment

#: The gateway's answer to the charge is recorded.
_ANSWERED = (*RESERVED, *SETTLED, PaymentStatus.FAILED)


def register() -> None:
    already_done.register(ChargePayment.task, charged)
    already_done.register(CapturePayment.task, captured)
    already_done.register(RefundPayment.task, refunded)


def charged(payloads: already_done.Payloads) -> Mapping[uuid.UUID, str]:
    """Payments with a recorded outcome. Not cancelled ones: they may still have money to refund."""
    return _with_status(payloads, _ANSWERED)


def captured(payloads: already_done.Payloads) -> Mapping[uuid.UUID, str]:
    """Payments that no capture changes: captured already, or not authorised any more, such as those written off."""
    return _with_status(payloads, (*SETTLED, PaymentStatus.FAILED, PaymentStatus.CANCELLED))


def refunded(payloads: already_done.Payloads) -> Mapping[uuid.UUID, str]:
    """Refunds that no task will make: completed, settled by hand, cancelled, or failed and to be repeated first."""
    ids = [payload.refund_id for payload in payloads.values()]
    found = Refund.objects.filter(pk__in=ids).exclude(status=RefundStatus.PENDING).values_list("pk", "status")
    return already_done.done_of(payloads, by="refund_id", done=((id_, _text(status)) for id_, status in found))


def _with_status(payloads: already_done.Payloads, statuses: Collection[str]) -> Mapping[uuid.UUID, str]:
    ids = [payload.payment_id for payload in payloads.values()]
    final = Payment.objects.filter(pk__in=ids, status__in=statuses).values_list("pk", "status")
    done = ((id_, _("the payment is %(status)s") % {"status": PaymentStatus(status).label}) for id_, status in final)
    return already_done.done_of(payloads, by="payment_id", done=done)


def _text(status: str) -> str:
    if status == RefundStatus.DONE:
        return _("the refund is completed")
    return _("the refund is %(status)s") % {"status": RefundStatus(status).label}
