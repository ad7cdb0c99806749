"""Captures: taking the money that a payment reserves, once its order has shipped."""

from django.db import transaction

from messaging.outbox import enqueue
from orders.compiled import Compiled
from orders.models import Order
from orders.selectors import priority
from payments.errors import AuthorisationLost
from payments.gateways import Charge, ChargeRecord, RequestRefused, gateway
from payments.models import Payment, PaymentStatus
from payments.payloads import CapturePayment

_AUTHORISED = Compiled(lambda order: Payment.objects.filter(order=order, status=PaymentStatus.AUTHORISED).only("pk"))


@transaction.atomic(savepoint=False)
def request_capture(*, order: Order) -> None:
    """Enqueue the capture of the order's authorised payment, if it has one. One that is captured needs none."""
    for payment in _AUTHORISED.all(order=order.pk):
        enqueue(CapturePayment(payment_id=payment.pk), priority=priority(order), subject=order.number)


def capture_once(*, payment: Payment, is_first_attempt: bool) -> Charge | None:
    """Have the gateway capture an authorised payment, outside any transaction. None: it is not authorised any more.

    Every attempt but the first asks the gateway whether it was captured: it forgets idempotency keys after a day.
    Raises `AuthorisationLost`.
    """
    if payment.status != PaymentStatus.AUTHORISED:
        return None
    key, reference = str(payment.pk), payment.gateway_reference
    if not is_first_attempt:
        record = gateway(of=payment.gateway).fetch(idempotency_key=key, reference=reference)
        if record is not None and (record.captured or not record.state.is_reserved):
            return _charge_of(payment, record)
    try:
        return gateway(of=payment.gateway).capture(idempotency_key=key, reference=reference, amount=payment.amount)
    except RequestRefused as refused:
        raise AuthorisationLost.of(payment) from refused


def _charge_of(payment: Payment, record: ChargeRecord) -> Charge:
    if record.charge is None:
        raise AuthorisationLost.of(payment)
    return record.charge
