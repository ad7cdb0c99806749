"""Return services: request, cancel, receive, finish. Each is decided under the lock of the order."""

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from django.conf import settings
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from messaging.outbox import enqueue
from orders.models import Order
from orders.selectors import priority
from orders.services.operators import Operator, Trusted, require
from orders.transitions import lock_order, record_return_state
from payments.disputes.selectors import contested_amount
from payments.errors import NotCaptured
from payments.models import Payment, PaymentStatus
from payments.selectors import capture_failure, refundable_amount
from payments.services import refund_order
from shop.models import Product, Return, ReturnLabel, ReturnLine, ReturnStatus
from shop.payloads import ReturnEmailKind, SendReturnEmail, SendReturnLabel
from shop.returns import parcels, selectors
from shop.returns.amounts import value_of
from shop.returns.errors import (
    AlreadyDecided,
    InvalidDecision,
    NothingSelected,
    NotReturnable,
    RefundBlocked,
    RequestReused,
    TooManyLines,
    TooManyPieces,
    TooManyReturns,
)
from shop.returns.parcels import locked
from shop.stock.services import Reason, change_stock, lock_products, merged

RECEIVE = "shop.receive_return"
#: Of one order: its pages show all of them.
MOST_RETURNS = 50
#: Of one return: it is received by a form of three fields a line, and a request may have 1,000 fields.
MOST_LINES = 300


@dataclass(frozen=True, slots=True)
class Decision:
    """What an operator decides about a line of a return: of the `accepted` pieces, `restocked` go back into stock."""

    accepted: int
    restocked: int = 0
    condition: str = ""


@transaction.atomic(savepoint=False)
def request_return(
    *, order: Order, lines: Mapping[int, int], reason: str, comment: str = "", request_id: uuid.UUID | None = None
) -> Return:
    """Request the return of pieces, given by primary key of the order line, and e-mail a label for it.

    Calls with the same `request_id` create one return. Raises `ReturnRefused`, and `RequestReused` if the
    `request_id` belongs to another return.
    """
    order = lock_order(order_id=order.pk)
    wanted = {line_id: pieces for line_id, pieces in lines.items() if pieces}
    known = Return.objects.filter(pk=request_id).first() if request_id else None
    if known is not None:
        return _repeated(known, wanted, reason, comment)
    if selectors.return_until(order=order, events=order.events.all(), now=timezone.now()) is None:
        raise NotReturnable(number=order.number)
    if not wanted:
        raise NothingSelected
    if order.returns.count() >= MOST_RETURNS:
        raise TooManyReturns
    if len(wanted) > MOST_LINES:
        raise TooManyLines(most=MOST_LINES)
    _check_pieces(order, wanted)
    found = Return.objects.create(
        id=request_id or uuid.uuid4(),
        order=order,
        number=f"{order.number}-R{order.returns.count() + 1}",
        reason=reason,
        comment=comment,
        wait=timedelta(days=settings.CONVEYOR_RETURN_WAIT_DAYS),
    )
    ReturnLine.objects.bulk_create(
        ReturnLine(parent=found, order_line_id=line_id, quantity=pieces) for line_id, pieces in sorted(wanted.items())
    )
    record_return_state(order=order, state="requested", data={"number": found.number})
    enqueue(SendReturnLabel(return_id=found.pk), priority=priority(order), subject=order.number)
    return found


@transaction.atomic(savepoint=False)
def cancel_return(*, found: Return, by: str) -> None:
    """requested → cancelled. `by` is `customer`, `expired` if the parcel never came, or `staff`.

    Raises `AlreadyDecided`. Operators cancel by `cancel_as_operator`.
    """
    found.order = locked(found)
    _move(found, ReturnStatus.REQUESTED, ReturnStatus.CANCELLED, ended_at=timezone.now())
    parcels.call_off(found=found)
    record_return_state(order=found.order, state="cancelled", data={"number": found.number, "by": by})
    _email(found, ReturnEmailKind.CANCELLED)


def cancel_as_operator(*, found: Return, by: Operator) -> None:
    """requested → cancelled, by staff. Raises `PermissionDenied` and `AlreadyDecided`."""
    require(RECEIVE, by)
    cancel_return(found=found, by="staff")


@transaction.atomic(savepoint=False)
def receive_return(*, found: Return, decisions: Mapping[int, Decision], rejection: str, by: Operator) -> int:
    """Receive a return: refund what is accepted, and put back into stock what can be sold. Returns the refund.

    `decisions` are by primary key of the return's line; the refund is in minor units. If less than the value of the
    accepted pieces is left of what the order has paid, that is refunded, and 0 if nothing is. Without an accepted piece
    the return is rejected. Raises `PermissionDenied`, `AlreadyDecided`, `InvalidDecision`, `RefundBlocked` and
    `NothingToRefund`.
    """
    require(RECEIVE, by)
    found.order = locked(found)
    found.refresh_from_db(fields=["status"])
    if found.status != ReturnStatus.REQUESTED:
        raise AlreadyDecided(found)
    lines = list(found.lines.select_related("order_line"))
    _check_decisions(lines, decisions, rejection)
    amount = _amount_due(found, [(line, decisions[line.pk].accepted) for line in lines])
    _move(found, ReturnStatus.REQUESTED, ReturnStatus.RECEIVED, received_at=timezone.now(), rejection=rejection)
    _save_decisions(lines, decisions)
    if any(decision.accepted for decision in decisions.values()):
        _accept(found, amount, by.get_username())
    else:
        _reject(found)
    _restock(found, lines, decisions)
    return amount


@transaction.atomic(savepoint=False)
def finish_returns(*, order: Order) -> int:
    """received → refunded, for each return of the order whose money the shopper has. Idempotent. Returns how many."""
    now = timezone.now()
    return selectors.paid_back(order=order).update(status=ReturnStatus.REFUNDED, ended_at=now)


@transaction.atomic(savepoint=False)
def finish_unfinished(*, limit: int = 100) -> int:
    """Finish returns whose refund was replaced by one from outside the shop. Returns how many orders had one."""
    orders = selectors.unfinished_orders(limit=limit)
    for order in orders:
        finish_returns(order=order)
    return len(orders)


@transaction.atomic(savepoint=False)
def cancel_abandoned() -> int:
    """Cancel the oldest return whose parcel has not come in time. Returns 0 if there is none.

    One a transaction, so that none locks two orders.
    """
    found = selectors.abandoned(now=timezone.now()).select_related("order").first()
    if found is None:
        return 0
    locked(found)
    if selectors.abandoned(now=timezone.now()).filter(pk=found.pk).exists():
        cancel_return(found=found, by="expired")
    return 1


@transaction.atomic(savepoint=False)
def remove_personal_data(*, orders: Sequence[Order]) -> None:
    """Remove what shopper and operator wrote, and labels, which name the sender. Pieces, amounts and dates stay."""
    ReturnLabel.objects.filter(parent__order__in=orders).delete()
    Return.objects.filter(order__in=orders).update(comment="", rejection="")


def reason_of(found: Return) -> str:
    """Why its refund is made, in the operator's language."""
    return _("Return %(number)s") % {"number": found.number}


def _repeated(known: Return, wanted: Mapping[int, int], reason: str, comment: str) -> Return:
    lines = dict(known.lines.values_list("order_line", "quantity"))
    if (lines, known.reason, known.comment) != (dict(wanted), reason, comment):
        raise RequestReused
    return known


def _move(found: Return, source: ReturnStatus, to: ReturnStatus, **fields: Any) -> None:
    """The label, which names the sender, is deleted as soon as it must not be used any more."""
    moved = Return.objects.filter(pk=found.pk, status=source).update(status=to, **fields)
    if not moved:
        found.refresh_from_db(fields=["status"])
        raise AlreadyDecided(found)
    if source == ReturnStatus.REQUESTED:
        ReturnLabel.objects.filter(parent=found.pk).delete()
    found.status = to
    for name, value in fields.items():
        setattr(found, name, value)


def _check_pieces(order: Order, wanted: Mapping[int, int]) -> None:
    lines = {each.line.pk: each for each in selectors.returnable_lines(order=order)}
    for line_id, pieces in wanted.items():
        each = lines.get(line_id)
        if each is None or not 0 < pieces <= each.left:
            sku, left = (each.line.sku, each.left) if each else (_("another order's item"), 0)
            raise TooManyPieces(sku=sku, wanted=pieces, left=left)


def _check_decisions(lines: list[ReturnLine], decisions: Mapping[int, Decision], rejection: str) -> None:
    if {line.pk for line in lines} != decisions.keys():
        raise InvalidDecision(_("Decide about every item of the return. Nothing was changed."))
    for line in lines:
        decision = decisions[line.pk]
        if not 0 <= decision.restocked <= decision.accepted <= line.quantity:
            raise InvalidDecision(
                _("Of %(sku)s, accept at most %(pieces)d, and return no more to stock than you accept.")
                % {"pieces": line.quantity, "sku": line.order_line.sku}
            )
    if not rejection and any(decisions[line.pk].accepted < line.quantity for line in lines):
        raise InvalidDecision(_("Give the shopper a reason for what is not accepted. Nothing was changed."))


def _amount_due(found: Return, accepted: list[tuple[ReturnLine, int]]) -> int:
    """The value of the accepted pieces, or what is left of it.

    Raises `RefundBlocked` while the bank may pay it, and `NotCaptured` while the shop has not got it.
    """
    value, left = value_of(found=found, accepted=accepted), refundable_amount(order=found.order)
    if value > left and found.order.payments.filter(status=PaymentStatus.AUTHORISED).exists():
        failure = capture_failure(order=found.order)
        raise NotCaptured(order=found.order, requested=value, left=left, failure=failure)
    captured = Payment.objects.filter(order=found.order, status=PaymentStatus.CAPTURED)
    disputed = sum(contested_amount(payment=payment) for payment in captured)
    if disputed and value > left:
        raise RefundBlocked(found=found, amount=value, disputed=disputed)
    return min(value, left)


def _save_decisions(lines: list[ReturnLine], decisions: Mapping[int, Decision]) -> None:
    for line in lines:
        decision = decisions[line.pk]
        line.accepted, line.restocked, line.condition = decision.accepted, decision.restocked, decision.condition
    ReturnLine.objects.bulk_update(lines, ["accepted", "restocked", "condition"])


def _accept(found: Return, amount: int, by: str) -> None:
    """Start the refund. Without anything left to refund, the return is complete."""
    order = found.order
    record_return_state(order=order, state="received", data={"number": found.number, "by": by})
    if amount:
        refund = refund_order(order=order, amount=amount, request_id=found.pk, by=Trusted(by), reason=reason_of(found))
        Return.objects.filter(pk=found.pk).update(refund=refund, amount=amount)
        found.refund, found.amount = refund, amount
    else:
        _move(found, ReturnStatus.RECEIVED, ReturnStatus.REFUNDED, ended_at=timezone.now())
    _email(found, ReturnEmailKind.RECEIVED)


def _reject(found: Return) -> None:
    _move(found, ReturnStatus.RECEIVED, ReturnStatus.REJECTED, ended_at=timezone.now())
    record_return_state(order=found.order, state="rejected", data={"number": found.number})
    _email(found, ReturnEmailKind.REJECTED)


def _restock(found: Return, lines: list[ReturnLine], decisions: Mapping[int, Decision]) -> None:
    """Raises `InvalidDecision` for a product that no longer exists."""
    pieces = merged((line.order_line.sku, decisions[line.pk].restocked) for line in lines)
    wanted = {sku: count for sku, count in pieces.items() if count}
    products = {product.sku: product.pk for product in lock_products(Product.objects.filter(sku__in=wanted))}
    if gone := sorted(wanted.keys() - products.keys()):
        text = _("%(skus)s no longer exists, so it cannot go back to stock. Nothing was changed.")
        raise InvalidDecision(text % {"skus": ", ".join(gone)})
    change_stock({products[sku]: count for sku, count in wanted.items()}, Reason.RETURN, found.number)


def _email(found: Return, kind: ReturnEmailKind) -> None:
    payload = SendReturnEmail(return_id=found.pk, kind=kind)
    enqueue(payload, priority=priority(found.order), subject=found.order.number)
