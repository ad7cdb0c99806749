"""Background tasks for payments: charge, refund, and comparison with the gateway's record."""

from messaging.worker.task import ReliableTask, reliable_task
from payments import reconciliation, selectors, services
from payments.gateways import CardDeclined, ChargeResult, GatewayUnavailable, gateway
from payments.models import Payment, PaymentStatus, RefundStatus
from payments.payloads import ChargePayment, ComparePayment, Reconcile, RefundPayment


@reliable_task(ChargePayment, autoretry_for=(GatewayUnavailable,))
def charge_payment(self: ReliableTask, payload: ChargePayment) -> None:
    payment = selectors.payment_to_charge(payment_id=payload.payment_id)
    try:
        charge = _charge_once(payment, is_first_attempt=not self.may_overlap)
    except CardDeclined as declined:
        with self.complete():
            services.record_decline(payment=payment, code=declined.code)
        return
    with self.complete():
        if charge is not None:
            services.record_capture(payment=payment, charge=charge)
        elif self.may_overlap:
            services.recheck_cancelled_payment(payment=payment)


@reliable_task(RefundPayment, autoretry_for=(GatewayUnavailable,))
def refund_payment(self: ReliableTask, payload: RefundPayment) -> None:
    refund = selectors.refund_to_execute(refund_id=payload.refund_id)
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
    record = reconciliation.gateway_record(key=payload.payment_id, reference=payload.reference)
    with self.complete():
        reconciliation.reconcile_payment(key=payload.payment_id, record=record)


@reliable_task(Reconcile, autoretry_for=(GatewayUnavailable,))
def reconcile(self: ReliableTask, payload: Reconcile) -> None:
    records = reconciliation.gateway_records()
    with self.complete():
        reconciliation.enqueue_comparisons(records=records)


def _charge_once(payment: Payment, *, is_first_attempt: bool) -> ChargeResult | None:
    """Charge a pending payment, unless an earlier attempt did and its reply was lost.

    Every attempt but the first asks the gateway for such a charge: gateways forget idempotency keys after a day, and an
    operator may retry later than that. This also finds the money of a payment that was cancelled meanwhile, to be
    refunded.
    """
    key = str(payment.id)
    if payment.status == PaymentStatus.CANCELLED or (payment.status == PaymentStatus.PENDING and not is_first_attempt):
        record = gateway().fetch(idempotency_key=key)
        if record is not None and record.charge is not None:
            return record.charge
    if payment.status == PaymentStatus.PENDING:
        return gateway().charge(
            idempotency_key=key, amount=payment.amount, currency=payment.currency, method=payment.method
        )
    return None
