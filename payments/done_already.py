"""Which dead messages about payments have nothing left to do? What a person is told before many are sent again.

Only our own record counts. A charge that the gateway has and we have not must go again: the idempotency key finds it.
"""

import uuid
from collections.abc import Mapping

from django.utils.translation import gettext as _

from messaging.hooks import already_done
from payments.models import Payment, PaymentStatus, Refund, RefundStatus
from payments.payloads import ChargePayment, RefundPayment

_ANSWERED = (PaymentStatus.CAPTURED, PaymentStatus.FAILED, PaymentStatus.REFUNDED)


def register() -> None:
    already_done.register(ChargePayment.task, charged)
    already_done.register(RefundPayment.task, refunded)


def charged(payloads: already_done.Payloads) -> Mapping[uuid.UUID, str]:
    """The answer is recorded. A cancelled payment may still have money to give back, so it is none of these."""
    wanted = [payload.payment_id for payload in payloads.values()]
    answered = Payment.objects.filter(pk__in=wanted, status__in=_ANSWERED).values_list("pk", "status")
    told = ((id_, _("the payment is %(status)s") % {"status": PaymentStatus(status).label}) for id_, status in answered)
    return already_done.done_of(payloads, by="payment_id", done=told)


def refunded(payloads: already_done.Payloads) -> Mapping[uuid.UUID, str]:
    wanted = [payload.refund_id for payload in payloads.values()]
    done = Refund.objects.filter(pk__in=wanted, status=RefundStatus.DONE).values_list("pk", flat=True)
    return already_done.done_of(payloads, by="refund_id", done=((id_, _("the refund is made")) for id_ in done))
