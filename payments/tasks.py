"""What is done for payments in the background?"""

from messaging.worker import ReliableTask, reliable_task
from payments import selectors, services
from payments.gateways import CardDeclined, ChargeResult, GatewayUnavailable, gateway
from payments.models import Payment, PaymentStatus, RefundStatus
from payments.payloads import ChargePayment, RefundPayment


@reliable_task(ChargePayment, autoretry_for=(GatewayUnavailable,))
def charge_payment(self: ReliableTask, payload: ChargePayment) -> None:
    payment = selectors.payment_to_charge(payment_id=payload.payment_id)
    try:
        charge = _ask_gateway(payment)
    except CardDeclined as declined:
        with self.complete():
            services.record_decline(payment=payment, code=declined.code)
        return
    with self.complete():
        if charge is not None:
            services.record_capture(payment=payment, charge=charge)
        elif self.may_overlap:
            services.look_again(payment=payment)


@reliable_task(RefundPayment, autoretry_for=(GatewayUnavailable,))
def refund_payment(self: ReliableTask, payload: RefundPayment) -> None:
    refund = selectors.refund_to_make(refund_id=payload.refund_id)
    if refund.status == RefundStatus.DONE:
        with self.complete():
            return
    result = gateway().refund(
        idempotency_key=str(refund.id),
        charge_reference=refund.payment.gateway_reference,
        amount=refund.amount,
    )
    with self.complete():
        services.record_refund(refund=refund, result=result)


def _ask_gateway(payment: Payment) -> ChargeResult | None:
    """Charge what is pending. Of a payment that was cancelled meanwhile, an earlier try may have been charged after
    all without its reply reaching us; that money is found here, to be given back."""
    key = str(payment.id)
    if payment.status == PaymentStatus.PENDING:
        return gateway().charge(
            idempotency_key=key, amount=payment.amount, currency=payment.currency, method=payment.method
        )
    if payment.status == PaymentStatus.CANCELLED:
        return gateway().fetch(idempotency_key=key)
    return None
