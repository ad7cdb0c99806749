"""Reads Stripe's dispute objects.

Sources: https://docs.stripe.com/api/disputes/object, https://docs.stripe.com/disputes/how-disputes-work.
"""

from datetime import datetime
from typing import Any

from messaging.recording.storable import text
from payments import record_values
from payments.gateways.dispute_records import DisputeRecord, DisputeState
from payments.gateways.stripe_amounts import from_stripe

_INQUIRY = "warning_"
_STATES = {
    "needs_response": DisputeState.NEEDS_RESPONSE,
    "under_review": DisputeState.UNDER_REVIEW,
    "won": DisputeState.WON,
    "lost": DisputeState.LOST,
    "closed": DisputeState.CLOSED,
    "prevented": DisputeState.CLOSED,
}


def read(dispute: Any, *, key_name: str) -> DisputeRecord:
    """`dispute` has its PaymentIntent expanded, whose metadata has the charge's idempotency key as `key_name`.

    A status that Stripe has added since counts as under review, which keeps the money. A dispute of another system's
    charge has no key, and no amount either: that may be one which the shop cannot count.
    """
    of_charge = key(dispute, key_name=key_name)
    status = dispute.status.removeprefix(_INQUIRY)
    return DisputeRecord(
        reference=dispute.id,
        key=of_charge,
        amount=from_stripe(dispute.amount, dispute.currency.upper()) if of_charge else 0,
        currency=dispute.currency.upper(),
        reason=text(dispute.reason or ""),
        state=_STATES.get(status, DisputeState.UNDER_REVIEW),
        is_inquiry=dispute.status.startswith(_INQUIRY),
        is_withdrawn=sum(each.amount for each in dispute.balance_transactions) < 0,
        evidence_due_at=_moment(dispute.evidence_details.due_by if dispute.evidence_details else None),
        opened_at=record_values.moment(dispute.created),
    )


def key(dispute: Any, *, key_name: str) -> str:
    intent = dispute.payment_intent
    return str(intent.metadata[key_name]) if intent and key_name in intent.metadata else ""


def _moment(seconds: int | None) -> datetime | None:
    return record_values.moment(seconds) if seconds else None
