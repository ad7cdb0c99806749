"""What is done for payments in the background?"""

from messaging.worker.task import ReliableTask, reliable_task
from payments import reconciliation, selectors, services
from payments.gateways import CardDeclined, ChargeResult, GatewayUnavailable, gateway
from payments.models import Payment, PaymentStatus, RefundStatus
from payments.payloads import ChargePayment, ComparePayment, Reconcile, RefundPayment


@reliable_task(ChargePayment, autoretry_for=(GatewayUnavailable,))
def charge_payment(self: ReliableTask, payload: ChargePayment) -> None:
    payment = selectors.payment_to_charge(payment_id=payload.payment_id)
    try:
        charge = _ask_gateway(payment, is_first_try=not self.may_overlap)
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


@reliable_task(ComparePayment, autoretry_for=(GatewayUnavailable,))
def compare_payment(self: ReliableTask, payload: ComparePayment) -> None:
    record = reconciliation.record_of(key=payload.payment_id, reference=payload.reference)
    with self.complete():
        reconciliation.settle(key=payload.payment_id, record=record)


@reliable_task(Reconcile, autoretry_for=(GatewayUnavailable,))
def reconcile(self: ReliableTask, payload: Reconcile) -> None:
    records = reconciliation.records()
    with self.complete():
        reconciliation.compare(records=records)


def _ask_gateway(payment: Payment, *, is_first_try: bool) -> ChargeResult | None:
    """Charge what is pending, unless an earlier try did so without its reply reaching us.

    That is asked before each further try: gateways forget idempotency keys after a day, and an operator may retry
    later. It finds the money of a payment that was cancelled meanwhile, too, which is to be given back.
    """
    key = str(payment.id)
    if payment.status == PaymentStatus.CANCELLED or (payment.status == PaymentStatus.PENDING and not is_first_try):
        record = gateway().fetch(idempotency_key=key)
        if record is not None and record.charge is not None:
            return record.charge
    if payment.status == PaymentStatus.PENDING:
        return gateway().charge(
            idempotency_key=key, amount=payment.amount, currency=payment.currency, method=payment.method
        )
    return None
