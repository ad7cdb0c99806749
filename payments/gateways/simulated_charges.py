"""Charges of the simulated gateway: reserved, confirmed by the shopper, settled by the bank, captured, voided.

Like a real gateway it decides each change by its own record, never by what the caller believes.
"""

import secrets
from datetime import timedelta

from django.conf import settings
from django.db import IntegrityError
from django.db.models import QuerySet
from django.urls import reverse

from messaging import clock
from orders.compiled import Compiled
from payments.gateways import simulated_disputes, simulated_refunds
from payments.gateways.base import ChargeRecord, ChargeState, RequestRefused
from payments.models import GatewayCharge

_State = GatewayCharge.State
_CHARGES = Compiled(lambda reference: GatewayCharge.objects.filter(reference=reference))
_CAPTURABLE = Compiled(
    lambda reference, amount: GatewayCharge.objects.filter(
        reference=reference, state=_State.AUTHORISED, is_captured=False, amount__gte=amount
    )
)
#: The state of a new charge, by its method; every other method reserves the money at once.
_BEGINS = {"pm_3ds": _State.ACTION_REQUIRED, "pm_sepa": _State.PROCESSING}


def open_charge(*, key: str, amount: int, currency: str, method: str) -> tuple[GatewayCharge, bool]:
    """The charge under this key, and whether it is new. The unique key decides, so a new charge costs one INSERT."""
    try:
        charge = GatewayCharge.objects.create(
            idempotency_key=key,
            reference=f"ch_{secrets.token_hex(12)}",
            amount=amount,
            currency=currency,
            method=method,
            state=_BEGINS.get(method, _State.AUTHORISED),
            is_captured=False,
            created_at=clock.moment(),
        )
    except IntegrityError:
        charge = GatewayCharge.objects.get(idempotency_key=key)
    else:
        return charge, True
    if (charge.amount, charge.currency) != (amount, currency):
        raise ValueError("This idempotency key has already been used for another charge.")
    return charge, False


def find(*, reference: str) -> GatewayCharge:
    """Raises `RequestRefused` for a charge that the gateway does not have."""
    found = _CHARGES.all(reference=reference)
    if not found:
        raise RequestRefused(f"There is no charge {reference}.")
    return found[0]


def capture(*, reference: str, amount: int) -> GatewayCharge:
    """An authorisation is captured once, so its reference serves as the idempotency key. Raises `RequestRefused`."""
    is_new = _CAPTURABLE.update({"is_captured": True, "amount": amount}, reference=reference, amount=amount)
    charge = find(reference=reference)
    if not charge.is_captured or charge.amount != amount:
        raise RequestRefused(f"{amount} cannot be captured of {reference}.")
    if is_new and charge.method == "pm_disputed":
        simulated_disputes.open_dispute(charge_reference=reference)
    return charge


def void(*, reference: str) -> None:
    """A charge that the bank is settling cannot be stopped any more, and a captured one can only be refunded."""
    _undecided(reference, _State.AUTHORISED, _State.ACTION_REQUIRED).update(state=_State.VOIDED)


def answer_challenge(*, reference: str, is_approved: bool) -> bool:
    """The shopper's answer to the bank. False: it had been answered, or the charge was voided."""
    state = _State.AUTHORISED if is_approved else _State.DECLINED
    return bool(_undecided(reference, _State.ACTION_REQUIRED).update(state=state))


def awaits_answer(*, reference: str) -> bool:
    return _undecided(reference, _State.ACTION_REQUIRED).exists()


def record(charge: GatewayCharge, *, refunded: int | None = None) -> ChargeRecord:
    """`refunded` is read unless it is given."""
    _settle(charge)
    state = ChargeState.CAPTURED if charge.is_captured else ChargeState(charge.state)
    return ChargeRecord(
        reference=charge.reference,
        amount=charge.amount,
        captured=charge.amount if charge.is_captured else 0,
        refunded=simulated_refunds.refunded(charge) if refunded is None else refunded,
        currency=charge.currency,
        state=state,
        action_url=bank_url(charge.reference) if state is ChargeState.ACTION_REQUIRED else "",
        declined="authentication_failed" if state is ChargeState.DECLINED else "",
    )


def bank_url(reference: str) -> str:
    """Path of the page of the simulated bank, on which the shopper confirms the charge."""
    return reverse("simulated_bank:confirm", kwargs={"reference": reference})


def _settle(charge: GatewayCharge) -> None:
    """The bank settles it after `CONVEYOR_SETTLE_SECONDS`: it is captured without an authorisation."""
    if charge.state != _State.PROCESSING or charge.is_captured:
        return
    until = clock.moment() - timedelta(seconds=settings.CONVEYOR_SETTLE_SECONDS)
    if _undecided(charge.reference, _State.PROCESSING).filter(created_at__lte=until).update(is_captured=True):
        charge.is_captured = True


def _undecided(reference: str, *states: str) -> QuerySet[GatewayCharge]:
    return GatewayCharge.objects.filter(state__in=states, reference=reference, is_captured=False)
