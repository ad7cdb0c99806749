"""Background tasks for payments: authorise, capture, void, refund, and comparison with the gateway's record."""

from messaging.worker.slices import Slice
from messaging.worker.task import ReliableTask, reliable_task
from payments import reconciliation, reconciliation_run, selectors, services
from payments.disputes import comparison, search
from payments.gateways import CardDeclined, GatewayUnavailable
from payments.models import RefundStatus
from payments.payloads import (
    CapturePayment,
    ChargePayment,
    CompareDispute,
    ComparePayment,
    FindDisputes,
    Reconcile,
    RefundPayment,
    VoidPayment,
)


@reliable_task(ChargePayment, autoretry_for=(GatewayUnavailable,))
def charge_payment(self: ReliableTask, payload: ChargePayment) -> None:
    payment = selectors.payment_with_order(payment_id=payload.payment_id)
    try:
        charge = services.charge_once(payment=payment, is_first_attempt=not self.may_overlap)
    except CardDeclined as declined:
        with self.complete():
            services.record_decline(payment=payment, code=declined.code)
        return
    with self.complete():
        if charge is not None:
            services.record_outcome(payment=payment, charge=charge)
        elif self.may_overlap:
            services.recheck_cancelled_payment(payment=payment)


@reliable_task(CapturePayment, autoretry_for=(GatewayUnavailable,))
def capture_payment(self: ReliableTask, payload: CapturePayment) -> None:
    payment = selectors.payment_with_order(payment_id=payload.payment_id)
    charge = services.capture_once(payment=payment, is_first_attempt=not self.may_overlap)
    with self.complete():
        if charge is not None:
            services.record_outcome(payment=payment, charge=charge)


@reliable_task(VoidPayment, autoretry_for=(GatewayUnavailable,))
def void_payment(self: ReliableTask, payload: VoidPayment) -> None:
    payment = selectors.payment_with_order(payment_id=payload.payment_id)
    record = services.void_at_gateway(payment=payment)
    with self.complete():
        if record is not None and record.charge is not None:
            services.record_outcome(payment=payment, charge=record.charge)


@reliable_task(RefundPayment, autoretry_for=(GatewayUnavailable,))
def refund_payment(self: ReliableTask, payload: RefundPayment) -> None:
    refund = selectors.refund_with_order(refund_id=payload.refund_id)
    if refund.status != RefundStatus.PENDING:
        with self.complete():
            return
    record = services.execute_refund(refund=refund)
    with self.complete():
        services.record_refund(refund=refund, record=record)


@reliable_task(CompareDispute, autoretry_for=(GatewayUnavailable,))
def compare_dispute(self: ReliableTask, payload: CompareDispute) -> None:
    found = comparison.ask_gateway(reference=payload.reference)
    with self.complete():
        if found is not None:
            comparison.compare(found=found)


@reliable_task(FindDisputes, autoretry_for=(GatewayUnavailable,))
def find_disputes(self: ReliableTask, payload: FindDisputes) -> None:
    """One slice of a run; each page is a transaction of its own."""
    part, run = Slice(self), search.Search(payload)
    part.repeat(run.read_page, pause=0.5)
    with part.complete(None if part.is_done else run.payload):
        if part.is_done:
            run.finish()
            search.compare_undecided()


@reliable_task(ComparePayment, autoretry_for=(GatewayUnavailable,))
def compare_payment(self: ReliableTask, payload: ComparePayment) -> None:
    found = reconciliation.ask_gateway(key=payload.payment_id, reference=payload.reference)
    with self.complete():
        reconciliation.reconcile_payment(key=payload.payment_id, found=found)


@reliable_task(Reconcile, autoretry_for=(GatewayUnavailable,))
def reconcile(self: ReliableTask, payload: Reconcile) -> None:
    """One slice of a run; each page is a transaction of its own."""
    part, run = Slice(self), reconciliation_run.Run.of(payload)
    part.repeat(run.compare_page, pause=0.5)
    part.repeat(run.compare_captured)
    part.repeat(run.compare_reserved)
    run.log(is_finished=part.is_done)
    with part.complete(None if part.is_done else run.payload):
        if part.is_done:
            run.finish()
