"""Simulated gateway: the payment method selects a scripted outcome.

Like a real gateway it keeps its own record of charges and refunds, written independently of the shop's transaction.
That record proves that nobody paid twice.
"""

import os
import random
import signal
import time
from collections.abc import Callable
from datetime import datetime

from django.conf import settings
from django.db.models import F, Q, Sum
from django.utils.translation import gettext_lazy as _

from messaging import simulated_outages
from payments.gateways import simulated_charges, simulated_disputes, simulated_refunds
from payments.gateways.base import (
    CardDeclined,
    Charge,
    ChargeRecord,
    GatewayUnavailable,
    OfferedMethod,
    OutcomeUnknown,
    RecordPage,
    RefundRecord,
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
#: Translated when they are shown: a checkout only looks for an ID.
_METHODS = (
    OfferedMethod("pm_card_visa", _("Visa card")),
    OfferedMethod("pm_3ds", _("Card that the shopper confirms with the bank"), True),
    OfferedMethod("pm_sepa", _("SEPA direct debit, which the bank settles later"), True),
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
_HAS_NOT_FAILED = ~Q(refunds__status=GatewayRefund.Status.FAILED)


class SimulatedGateway:
    def authorise(self, *, idempotency_key: str, amount: int, currency: str, method: str, return_url: str) -> Charge:
        """Run the script of `method`. The simulated bank knows its shop, so that `return_url` is not needed."""
        script = _SCRIPTS.get(method)
        if script is None:
            raise UnknownPaymentMethod(method)
        _reach()
        script(idempotency_key)
        charge, is_new = simulated_charges.open_charge(
            key=idempotency_key, amount=amount, currency=currency, method=method
        )
        if is_new and method == "pm_lost_reply":
            raise OutcomeUnknown("The reply of the payment gateway was lost.", concerns_all=False)
        return _answer(charge)

    def capture(self, *, idempotency_key: str, reference: str, amount: int) -> Charge:
        _reach()
        return _answer(simulated_charges.capture(reference=reference, amount=amount))

    def void(self, *, reference: str) -> ChargeRecord:
        _reach()
        simulated_charges.void(reference=reference)
        return simulated_charges.record(simulated_charges.find(reference=reference))

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
        return simulated_charges.record(charge) if charge else None

    def records(self, *, since: datetime, page: str = "") -> RecordPage:
        _reach()
        charges = GatewayCharge.objects.filter(created_at__gte=since, pk__gt=int(page or 0)).order_by("pk")
        found = list(charges.annotate(refunded=Sum("refunds__amount", filter=_HAS_NOT_FAILED))[:PAGE_SIZE])
        records: dict[str, ChargeRecord | None] = {
            charge.idempotency_key: simulated_charges.record(charge, refunded=charge.refunded or 0) for charge in found
        }
        return RecordPage(records, str(found[-1].pk) if len(found) == PAGE_SIZE else "")

    def fetch_dispute(self, *, reference: str) -> DisputeRecord | None:
        _reach()
        return simulated_disputes.fetch(reference=reference)

    def disputes(self, *, since: datetime, page: str = "") -> DisputePage:
        _reach()
        return simulated_disputes.page(since=since, page=page)

    def methods(self) -> tuple[OfferedMethod, ...]:
        return _METHODS


def _reach() -> None:
    """The network: latency, and simulated faults that affect every request, whatever its method."""
    time.sleep(settings.CONVEYOR_GATEWAY_LATENCY + simulated_outages.amount(name=LATENCY))
    is_lost = random.random() < simulated_outages.amount(name=FAILURE_RATE)  # noqa: S311 - not a secret
    if is_lost or simulated_outages.is_active(name=NAME):
        raise GatewayUnavailable("The payment gateway is unreachable.")


def _answer(charge: GatewayCharge) -> Charge:
    """Raises `CardDeclined`, also for a charge that was voided before the request was repeated."""
    record = simulated_charges.record(charge, refunded=0)
    if record.charge is None:
        raise CardDeclined(record.declined or "voided")
    return record.charge


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
    "pm_3ds": _succeed,
    "pm_sepa": _succeed,
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
