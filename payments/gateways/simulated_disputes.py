"""Disputes at the simulated gateway: opened and decided by scripts, demonstrations and tests."""

import secrets
from datetime import datetime, timedelta

from django.db import transaction

from payments.gateways import simulated_refunds
from payments.gateways.base import RequestRefused
from payments.gateways.dispute_records import DisputePage, DisputeRecord, DisputeState
from payments.models import UNDECIDED, GatewayCharge, GatewayDispute

EVIDENCE_WITHIN = timedelta(days=7)
PAGE_SIZE = 100


def open_dispute(*, charge_reference: str, amount: int | None = None, is_inquiry: bool = False) -> GatewayDispute:
    """Dispute `amount` minor units of a charge, by default all that is left of it. Raises `RequestRefused`."""
    with transaction.atomic():
        charge = GatewayCharge.objects.select_for_update().get(reference=charge_reference)
        kept = charge.amount - simulated_refunds.refunded(charge) - charge.disputes.at_stake()
        left = kept if charge.is_captured else 0
        wanted = left if amount is None else amount
        if not 0 < wanted <= left:
            raise RequestRefused(f"Less than {wanted} is left to dispute of {charge_reference}.")
        reference = f"dp_{secrets.token_hex(12)}"
        return GatewayDispute.objects.create(
            reference=reference, charge=charge, amount=wanted, is_inquiry=is_inquiry, status=DisputeState.NEEDS_RESPONSE
        )


def decide(*, reference: str, state: DisputeState) -> bool:
    """Move a dispute on: to review, or to its end. False, and it stays as it is, if it has ended."""
    return bool(GatewayDispute.objects.filter(reference=reference, status__in=UNDECIDED).update(status=state))


def fetch(*, reference: str) -> DisputeRecord | None:
    dispute = GatewayDispute.objects.select_related("charge").filter(reference=reference).first()
    return _record(dispute) if dispute else None


def page(*, since: datetime, page: str) -> DisputePage:
    rows = GatewayDispute.objects.select_related("charge").filter(created_at__gte=since, pk__gt=int(page or 0))
    found = list(rows.order_by("pk")[:PAGE_SIZE])
    keys = {dispute.reference: dispute.charge.idempotency_key for dispute in found}
    return DisputePage(keys, str(found[-1].pk) if len(found) == PAGE_SIZE else "")


def _record(dispute: GatewayDispute) -> DisputeRecord:
    return DisputeRecord(
        reference=dispute.reference,
        key=dispute.charge.idempotency_key,
        amount=dispute.amount,
        currency=dispute.charge.currency,
        reason="fraudulent",
        state=DisputeState(dispute.status),
        is_inquiry=dispute.is_inquiry,
        is_withdrawn=not dispute.is_inquiry and dispute.status in (*UNDECIDED, DisputeState.LOST),
        evidence_due_at=dispute.created_at + EVIDENCE_WITHIN,
        opened_at=dispute.created_at,
    )
