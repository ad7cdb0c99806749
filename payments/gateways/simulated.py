"""Simulated gateway: the payment method selects a scripted outcome.

Like a real gateway it keeps its own record of charges and refunds, written independently of the shop's transaction.
That record proves that nobody paid twice.
"""

import os
import random
import secrets
import signal
import time
from collections.abc import Callable
from datetime import datetime

from django.conf import settings
from django.db import IntegrityError
from django.db.models import F, Q, Sum
from django.utils.translation import gettext as _

from messaging import simulated_outages
from payments.gateways import simulated_disputes, simulated_refunds
from payments.gateways.base import (
    Authorisation,
    CardDeclined,
    ChargeRecord,
    ChargeResult,
    GatewayUnavailable,
    OfferedMethod,
    OutcomeUnknown,
    RecordPage,
    RefundRecord,
    RequestRefused,
    UnknownPaymentMethod,
    latest_try,
)
from payments.gateways.dispute_records import DisputePage, DisputeRecord
from payments.models import GatewayCall, GatewayCharge, GatewayRefund

NAME = "gateway.simulated"
#: Simulated faults with an amount: extra seconds for each request, and the share of requests without an answer.
LATENCY, FAILURE_RATE = f"{NAME}.latency", f"{NAME}.failure-rate"
SLOW_SECONDS = 5.0
PAGE_SIZE = 100
_HAS_NOT_FAILED = ~Q(refunds__status=GatewayRefund.Status.FAILED)


class SimulatedGateway:
    def authorise(self, *, idempotency_key: str, amount: int, currency: str, method: str) -> Authorisation:
        charge = _scripted_charge(idempotency_key, amount, currency, method, is_captured=False)
        return Authorisation(charge.reference, charge.amount, charge.currency)

    def capture(self, *, idempotency_key: str, reference: str, amount: int) -> ChargeResult:
        """An authorisation is captured once, so its reference serves as the idempotency key."""
        _reach()
        GatewayCharge.objects.filter(reference=reference, is_captured=False, amount__gte=amount).update(
            is_captured=True, amount=amount
        )
        charge = GatewayCharge.objects.get(reference=reference)
        if not charge.is_captured or charge.amount != amount:
            raise RequestRefused(f"{amount} cannot be captured of {reference}.")
        return ChargeResult(charge.reference, charge.amount, charge.currency)

    def charge(self, *, idempotency_key: str, amount: int, currency: str, method: str) -> ChargeResult:
        charge = _scripted_charge(idempotency_key, amount, currency, method, is_captured=True)
        return ChargeResult(charge.reference, charge.amount, charge.currency)

    def refund(self, *, idempotency_key: str, charge_reference: str, amount: int, repeat: int = 0) -> RefundRecord:
        _reach()
        return simulated_refunds.make(
            key=idempotency_key, repeat=repeat, charge_reference=charge_reference, amount=amount
        )

    def find_refund(self, *, idempotency_key: str, charge_reference: str, reference: str = "") -> RefundRecord | None:
        records = self.refunds(charge_reference=charge_reference)
        if reference:
            return next((record for record in records if record.reference == reference), None)
        return latest_try(records, key=idempotency_key)

    def refunds(self, *, charge_reference: str) -> tuple[RefundRecord, ...]:
        _reach()
        return simulated_refunds.of_charge(reference=charge_reference)

    def fetch(self, *, idempotency_key: str, reference: str = "") -> ChargeRecord | None:
        _reach()
        charge = GatewayCharge.objects.filter(idempotency_key=idempotency_key).first()
        return _record(charge, simulated_refunds.refunded(charge)) if charge else None

    def records(self, *, since: datetime, page: str = "") -> RecordPage:
        _reach()
        charges = GatewayCharge.objects.filter(created_at__gte=since, pk__gt=int(page or 0)).order_by("pk")
        found = list(charges.annotate(refunded=Sum("refunds__amount", filter=_HAS_NOT_FAILED))[:PAGE_SIZE])
        records = {charge.idempotency_key: _record(charge, charge.refunded or 0) for charge in found}
        return RecordPage(records, str(found[-1].pk) if len(found) == PAGE_SIZE else "")

    def fetch_dispute(self, *, reference: str) -> DisputeRecord | None:
        _reach()
        return simulated_disputes.fetch(reference=reference)

    def disputes(self, *, since: datetime, page: str = "") -> DisputePage:
        _reach()
        return simulated_disputes.page(since=since, page=page)

    def methods(self) -> tuple[OfferedMethod, ...]:
        return (
            OfferedMethod("pm_card_visa", _("Visa card")),
            OfferedMethod("pm_card_declined", _("Card that the bank declines"), True),
            OfferedMethod("pm_flaky_2", _("Bank that answers on the third attempt"), True),
            OfferedMethod("pm_outage", _("Bank that never answers"), True),
            OfferedMethod("pm_lost_reply", _("Bank that charges, but whose first reply is lost"), True),
            OfferedMethod("pm_disputed", _("Card whose owner disputes the charge"), True),
            OfferedMethod("pm_bug", _("Bug in the payment code"), True),
            OfferedMethod("pm_crash", _("Payment that kills its worker"), True),
            OfferedMethod("pm_slow_5", _("Bank that takes five seconds"), True),
            OfferedMethod("pm_refund_pending", _("Card whose refunds take a while"), True),
            OfferedMethod("pm_refund_fails", _("Card whose first refund fails in the end"), True),
        )


def _reach() -> None:
    """The network: latency, and simulated faults that affect every request, whatever its method."""
    time.sleep(settings.CONVEYOR_GATEWAY_LATENCY + simulated_outages.amount(name=LATENCY))
    is_lost = random.random() < simulated_outages.amount(name=FAILURE_RATE)  # noqa: S311 - not a secret
    if is_lost or simulated_outages.is_active(name=NAME):
        raise GatewayUnavailable("The payment gateway is unreachable.")


def _scripted_charge(key: str, amount: int, currency: str, method: str, *, is_captured: bool) -> GatewayCharge:
    """Run the script of `method`, then record the money that was authorised or captured."""
    script = _SCRIPTS.get(method)
    if script is None:
        raise UnknownPaymentMethod(method)
    _reach()
    script(key)
    charge, is_new = _charge(key, amount, currency, method, is_captured)
    if is_new and is_captured and method == "pm_disputed":
        simulated_disputes.open_dispute(charge_reference=charge.reference)
    if is_new and method == "pm_lost_reply":
        raise OutcomeUnknown("The reply of the payment gateway was lost.", concerns_all=False)
    return charge


def _charge(key: str, amount: int, currency: str, method: str, is_captured: bool) -> tuple[GatewayCharge, bool]:
    """The charge under this key, and whether it is new. The unique key decides, so a new charge costs one INSERT."""
    try:
        charge = GatewayCharge.objects.create(
            idempotency_key=key,
            reference=f"ch_{secrets.token_hex(12)}",
            amount=amount,
            currency=currency,
            method=method,
            is_captured=is_captured,
        )
    except IntegrityError:
        charge = GatewayCharge.objects.get(idempotency_key=key)
    else:
        return charge, True
    if (charge.amount, charge.currency) != (amount, currency):
        raise ValueError("This idempotency key has already been used for another charge.")
    return charge, False


def _record(charge: GatewayCharge, refunded: int) -> ChargeRecord:
    captured = charge.amount if charge.is_captured else 0
    return ChargeRecord(charge.reference, captured, refunded, charge.currency)


def _succeed(key: str) -> None:
    """Let the charge succeed."""


def _decline(key: str) -> None:
    raise CardDeclined("card_declined")


def _fail_twice(key: str) -> None:
    call, _created = GatewayCall.objects.get_or_create(idempotency_key=key)
    GatewayCall.objects.filter(pk=call.pk).update(calls=F("calls") + 1)
    if call.calls < 2:
        raise GatewayUnavailable("The payment gateway did not answer.", concerns_all=False)


def _fail(key: str) -> None:
    if not simulated_outages.is_active(name=simulated_outages.OUTAGE_ENDED):
        raise GatewayUnavailable("The payment gateway did not answer.", concerns_all=False)


def _raise_bug(key: str) -> None:
    if not simulated_outages.is_active(name=simulated_outages.BUG_FIXED):
        raise RuntimeError(
            "The payment code received a response that it does not understand. "
            "In the demo, `manage.py demo fix-bug` deploys the fix."
        )


def _crash(key: str) -> None:
    if not simulated_outages.is_active(name=simulated_outages.BUG_FIXED):
        os.kill(os.getpid(), signal.SIGKILL)


def _respond_slowly(key: str) -> None:
    time.sleep(SLOW_SECONDS)


_SCRIPTS: dict[str, Callable[[str], None]] = {
    "pm_card_visa": _succeed,
    "pm_card_declined": _decline,
    "pm_flaky_2": _fail_twice,
    "pm_outage": _fail,
    "pm_lost_reply": _succeed,
    "pm_disputed": _succeed,
    "pm_bug": _raise_bug,
    "pm_crash": _crash,
    "pm_slow_5": _respond_slowly,
    "pm_refund_pending": _succeed,
    "pm_refund_fails": _succeed,
}
