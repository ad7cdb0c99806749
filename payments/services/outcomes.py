"""Outcomes of payments: what the gateway says of one, by its reply, a webhook, a look at its record, in any order.

Everything is decided under the lock of the order. A late answer never reverts a later one, and money that arrives for
a payment that is no longer wanted goes back.
"""

import re
from collections.abc import Callable, Collection, Mapping
from typing import Final

from django.db import transaction
from django.utils import timezone

from orders.compiled import Compiled
from orders.models import Status
from orders.money import display
from orders.selectors import WAITING
from orders.services import mark_action_required, mark_paid, mark_payment_failed, mark_processing
from orders.transitions import lock_order
from payments.errors import AuthorisationLost, GatewayMismatch
from payments.gateways import Charge, ChargeState
from payments.models import AWAITED, SETTLED, UNSETTLED, Payment, PaymentStatus
from payments.services.follow_up import follow_up
from payments.services.holds import update_hold
from payments.services.refunds import refund_remainder
from payments.services.transitions import change_status
from payments.services.voids import enqueue_void, follow_void
from payments.signals import payment_captured

MOST_CHARACTERS = 1000
_STAND_IN = re.compile(r"http://127\.0\.0\.1:\d{1,5}(/|\Z)", re.ASCII)
AUTHORISATION_EXPIRED = "authorisation_expired"
_CHANGING: Final = ("status", "gateway_reference", "failure_code")
_PRESENT: Final = Compiled(lambda pk: Payment.objects.filter(pk=pk).only(*_CHANGING))


@transaction.atomic(savepoint=False)
def record_outcome(*, payment: Payment, charge: Charge) -> None:
    """Record what the gateway has done with the payment, and move its order accordingly.

    Does nothing if that is already recorded, for example from the gateway's webhook. If the payment was cancelled or
    has failed meanwhile, what is reserved is voided, and what was captured is refunded, unless it was written off: the
    goods have left. Raises `GatewayMismatch` for another amount or currency; nothing is written then.
    """
    _lock(payment)
    if payment.status in AWAITED and payment.order.status in WAITING:
        _check_amount(payment, charge)
        _RECORDS[charge.state](payment, charge)
    elif payment.status == PaymentStatus.AUTHORISED or payment.is_written_off:
        _check_amount(payment, charge)
        if charge.state is ChargeState.CAPTURED:
            _record_capture(payment, charge)
    elif payment.status not in SETTLED:
        _give_back(payment, charge)


@transaction.atomic(savepoint=False)
def record_decline(*, payment: Payment, code: str) -> None:
    """Record that the bank declined the payment. `code` is its reason, such as `card_declined`."""
    _lock(payment)
    if payment.status in AWAITED:
        _fail(payment, code, of=WAITING)


@transaction.atomic(savepoint=False)
def record_loss(*, payment: Payment) -> None:
    """Record that the gateway reserves nothing any more: the authorisation expired, or somebody voided it there.

    Raises `AuthorisationLost` if the order has shipped.
    """
    _lock(payment)
    if payment.status in AWAITED:
        _fail(payment, "voided", of=WAITING)
    elif payment.status == PaymentStatus.AUTHORISED:
        if payment.order.status != Status.PAID:
            raise AuthorisationLost.of(payment)
        _fail(payment, AUTHORISATION_EXPIRED, of=(Status.PAID,))


def _lock(payment: Payment) -> None:
    """Read the payment as it is once nobody else can change it or its order."""
    payment.order = lock_order(order_id=payment.order_id)
    present = _PRESENT.get(pk=payment.pk)
    for field in _CHANGING:
        setattr(payment, field, getattr(present, field))


def _check_amount(payment: Payment, charge: Charge) -> None:
    if (charge.amount, charge.currency) != (payment.amount, payment.currency):
        wanted, got = display(payment.amount, payment.currency, "en"), display(charge.amount, charge.currency, "en")
        raise GatewayMismatch(f"Payment {payment.pk} is for {wanted}, but {got} was charged.")


def _fail(payment: Payment, code: str, *, of: Collection[str]) -> None:
    """The order fails with its payment if it has one of the statuses `of`; any other does not depend on it."""
    status = PaymentStatus(payment.status)
    change_status(payment, [status], status=PaymentStatus.FAILED, failure_code=code[:60], action_url="")
    if payment.order.status in of:
        mark_payment_failed(order=payment.order, reason=code)


def _record_action(payment: Payment, charge: Charge) -> None:
    """A look at a payment that the bank is settling already was older than that."""
    if payment.status != PaymentStatus.PROCESSING:
        _record(payment, charge, status=PaymentStatus.ACTION_REQUIRED, action_url=_safe(charge.action_url))
    if payment.order.status == Status.PLACED:
        mark_action_required(order=payment.order)
    follow_up(payment=payment)


def _safe(url: str) -> str:
    """The order page links to it: nothing but https, pages of the shop, and a stand-in here. Empty otherwise.

    Browsers drop tabs and line breaks, so "/<tab>/bank.example" would lead there; what precedes an @ is not the host.
    """
    is_own = url.startswith("/") and not url.startswith(("//", "/\\"))
    is_allowed = is_own or url.startswith("https://") or _STAND_IN.match(url)
    return url if is_allowed and len(url) <= MOST_CHARACTERS and url.isprintable() else ""


def _record_processing(payment: Payment, charge: Charge) -> None:
    _record(payment, charge, status=PaymentStatus.PROCESSING)
    if payment.order.status != Status.PROCESSING:
        mark_processing(order=payment.order)
    follow_up(payment=payment)


def _record_authorisation(payment: Payment, charge: Charge) -> None:
    _record(payment, charge, status=PaymentStatus.AUTHORISED, authorised_at=timezone.now())
    _mark_paid(payment)


def _record_capture(payment: Payment, charge: Charge) -> None:
    was_paid = payment.status not in AWAITED
    _record(payment, charge, status=PaymentStatus.CAPTURED, captured_at=timezone.now(), failure_code="")
    if not was_paid:
        _mark_paid(payment)
    payment_captured.send(sender=Payment, payment=payment)


def _mark_paid(payment: Payment) -> None:
    """An earlier payment that was captured late and refunded keeps the order on hold, until this one pays for it."""
    if payment.order.hold:
        update_hold(order=payment.order)
    mark_paid(order=payment.order)


def _give_back(payment: Payment, charge: Charge) -> None:
    if charge.state is ChargeState.CAPTURED:
        _check_amount(payment, charge)
        _record(payment, charge, status=PaymentStatus.CAPTURED, captured_at=timezone.now())
        payment_captured.send(sender=Payment, payment=payment)
        refund_remainder(payment=payment)
        return
    unwanted = PaymentStatus.CANCELLED if payment.status in AWAITED else PaymentStatus(payment.status)
    _record(payment, charge, status=unwanted)
    if charge.state is ChargeState.PROCESSING:
        follow_void(payment=payment)
    else:
        enqueue_void(payment=payment, order=payment.order)


def _record(payment: Payment, charge: Charge, **changes: object) -> None:
    changes = {"gateway_reference": charge.reference, "action_url": ""} | changes
    if changes["status"] == payment.status:
        del changes["status"]
    change_status(payment, UNSETTLED, **changes)
    for field, value in changes.items():
        setattr(payment, field, value)


_RECORDS: Mapping[ChargeState, Callable[[Payment, Charge], None]] = {
    ChargeState.ACTION_REQUIRED: _record_action,
    ChargeState.PROCESSING: _record_processing,
    ChargeState.AUTHORISED: _record_authorisation,
    ChargeState.CAPTURED: _record_capture,
}
