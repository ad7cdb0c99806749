"""Message payloads of the payments app."""

from datetime import datetime
from uuid import UUID

from messaging.payloads import Payload


class ChargePayment(
    Payload,
    task="payments.charge_payment",
    routing_key="payment.charge",
    shown_until=("paid", "action_required", "processing", "payment_failed", "cancelled"),
):
    """Authorise the payment's amount with its method."""

    payment_id: UUID


class CapturePayment(Payload, task="payments.capture_payment", routing_key="payment.capture"):
    """Capture an authorised payment, whose order has shipped."""

    payment_id: UUID


class VoidPayment(Payload, task="payments.void_payment", routing_key="payment.void"):
    """Release what the gateway reserves for a payment that is no longer wanted."""

    payment_id: UUID


class ComparePayment(Payload, task="payments.compare_payment", routing_key="payment.compare"):
    """Compare a payment with the gateway's record. `reference` is the gateway's ID of the charge, where known."""

    payment_id: UUID
    reference: str = ""


class CompareDispute(Payload, task="payments.compare_dispute", routing_key="payment.compare"):
    """Compare a dispute with the gateway's record. `reference` is the gateway's ID of the dispute."""

    reference: str


class FindDisputes(
    Payload, task="payments.find_disputes", routing_key="payment.reconcile", version=2, lifts={1: lambda data: data}
):
    """Find disputes that no webhook reported: one slice of a run; the defaults begin a run.

    A run reads the gateway's disputes since `since`. `page` is the gateway's next page, after `pages`, of which `mark`
    must not come again; once all pages are read, `is_listed`.
    """

    since: datetime | None = None
    page: str = ""
    pages: int = 0
    mark: str = ""
    is_listed: bool = False


class Reconcile(
    Payload,
    task="payments.reconcile",
    routing_key="payment.reconcile",
    version=3,
    lifts={1: lambda data: data, 2: lambda data: data},
):
    """Find payments that differ from the gateway's record: one slice of a run; the defaults begin a run.

    A run that began at `started_at` compares what happened since `since`. `is_whole`: all of the last days, not
    only since the last run. `page` is the gateway's next page, after `pages`, of which `mark` must not come again;
    once all pages are read, `is_listed`, and payments captured up to `reached` have been looked at.
    """

    since: datetime | None = None
    started_at: datetime | None = None
    is_whole: bool = False
    page: str = ""
    pages: int = 0
    mark: str = ""
    is_listed: bool = False
    reached: datetime | None = None


class RefundPayment(
    Payload,
    task="payments.refund_payment",
    routing_key="payment.refund",
    shown_until=("refunded", "partly_refunded", "refund_failed", "refund_settled"),
):
    """Have the gateway make a refund."""

    refund_id: UUID
