"""Refunds of the simulated gateway: made at once, or pending until they have been looked up twice.

The charge's method selects which, and whether the first try fails in the end.
"""

import secrets

from django.db import transaction
from django.db.models import F

from payments.amounts import total
from payments.gateways.base import MOST_REFUNDS, RefundRecord, RefundState, RequestRefused
from payments.models import GatewayCharge, GatewayRefund

PENDING_METHODS = ("pm_refund_pending", "pm_refund_fails")
LOOKS = 2
_Status = GatewayRefund.Status


def make(*, key: str, repeat: int, charge_reference: str, amount: int) -> RefundRecord:
    """The refund under this key. The charge is locked, so that concurrent refunds cannot exceed it."""
    with transaction.atomic():
        charge = GatewayCharge.objects.select_for_update().get(reference=charge_reference)
        known = key and GatewayRefund.objects.filter(idempotency_key=key, repeat=repeat, is_forgotten=False).first()
        if known:
            return _record(known)
        if not charge.is_captured or refunded(charge) + charge.disputes.at_stake() + amount > charge.amount:
            raise RequestRefused(f"Less than {amount} is left to refund of {charge_reference}.")
        made = GatewayRefund.objects.create(
            idempotency_key=key,
            repeat=repeat,
            reference=f"re_{secrets.token_hex(12)}",
            charge=charge,
            amount=amount,
            status=_Status.PENDING if charge.method in PENDING_METHODS else _Status.DONE,
        )
    return _record(made)


def of_charge(*, reference: str) -> tuple[RefundRecord, ...]:
    """All refunds of the charge. Pending ones have been looked up once more. Raises `RequestRefused`."""
    rows = GatewayRefund.objects.filter(charge__reference=reference).select_related("charge").order_by("pk")
    found = list(rows[: MOST_REFUNDS + 1])
    if len(found) > MOST_REFUNDS:
        raise RequestRefused(f"{reference} has more than {MOST_REFUNDS} refunds.")
    return tuple(_record(_looked_up(row)) for row in found)


def refunded(charge: GatewayCharge) -> int:
    """Minor units of `charge` that have been refunded so far, or will be."""
    return total(charge.refunds.exclude(status=_Status.FAILED))


def _looked_up(refund: GatewayRefund) -> GatewayRefund:
    pending = GatewayRefund.objects.filter(pk=refund.pk, status=_Status.PENDING)
    if pending.update(looks=F("looks") + 1):
        fails = refund.charge.method == "pm_refund_fails" and not refund.repeat
        pending.filter(looks__gte=LOOKS).update(status=_Status.FAILED if fails else _Status.DONE)
        refund.refresh_from_db(fields=["status", "looks"])
    return refund


def _record(refund: GatewayRefund) -> RefundRecord:
    state = RefundState(refund.status)
    failure = "expired_or_canceled_card" if state is RefundState.FAILED else ""
    return RefundRecord(refund.reference, refund.amount, state, refund.idempotency_key, refund.repeat, failure)
