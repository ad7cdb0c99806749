"""Status changes of orders: a conditional UPDATE and the event that records it, as SQL. Holds, which prevent some.

The ORM builds a statement anew each time, which costs several times the CPU of sending it (bench/checkout.py).
"""

import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

from django.db import connection, transaction
from django.dispatch import Signal
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from messaging import clock
from messaging.hooks.next_steps import OPEN_SUBJECT, next_step
from orders import signals
from orders.compiled import Compiled
from orders.models import TRANSITIONS, Hold, Order, OrderEvent, Status

_MOVE: Final = "UPDATE orders_order SET status = %s WHERE id = %s AND status IN ({sources})"
_UNLESS_HELD: Final = " AND hold = ''"
_EVENT: Final = "INSERT INTO orders_orderevent (order_id, kind, data, at)"
_LOCKED: Final = Compiled(lambda pk: Order.objects.select_for_update(no_key=True).filter(pk=pk))


@next_step(
    gettext_lazy("The order's status does not allow this any more; nothing was changed."),
    gettext_lazy("Look at the order. Discard the message if the order is right as it is."),
    action=OPEN_SUBJECT,
)
class IllegalTransition(Exception):
    """The order cannot move from its current status to the requested one. Nothing was written."""

    def __init__(self, *, number: str, present: str, wanted: str) -> None:
        self.number, self.present, self.wanted = number, present, wanted
        super().__init__(
            _("Order %(number)s is %(present)s and cannot become %(wanted)s. Nothing was changed.")
            % {"number": number, "present": present, "wanted": wanted}
        )


@next_step(
    gettext_lazy("The order is on hold, so nothing is sent; nothing was changed."),
    gettext_lazy("Look at the order. Retry the task once nothing holds it any more."),
    action=OPEN_SUBJECT,
)
class OnHold(IllegalTransition):
    """The order is on hold: its money is going back, or may have to. Nothing was written."""

    def __init__(self, *, number: str, present: str, wanted: str, hold: str) -> None:
        super().__init__(number=number, present=present, wanted=wanted)
        self.hold = hold

    def __str__(self) -> str:
        text = _("Nothing can be sent for order %(number)s: %(hold)s. Nothing was changed.")
        return text % {"number": self.number, "hold": Hold(self.hold).label}


def lock_order(*, order_id: int) -> Order:
    """The order as it is now. Nobody else changes it, or decides about it, during the caller's transaction.

    Rows that refer to it are written all the same. Such a transaction takes the key of the order at its commit: it may
    hold a product or a message then, for which whoever has locked the order waits.
    """
    return _LOCKED.get(pk=order_id)


def change(
    order: Order,
    to: Status,
    signal: Signal,
    data: dict[str, Any] | None = None,
    extra: dict[str, Any] | None = None,
    *,
    kind: str = "",
    sources: Iterable[Status] | None = None,
    unless_held: bool = False,
) -> None:
    """Change the status of `order` to `to` if the database, not `order.status`, holds one that allows it.

    `IllegalTransition` is raised outside the atomic block and before anything is written, so that callers can catch it
    and continue in their own transaction.
    """
    into = [source for source, targets in TRANSITIONS.items() if to in targets]
    allowed = into if sources is None else list(sources)
    with transaction.atomic(savepoint=False):
        moved = move(
            order_id=order.pk, to=to, sources=allowed, kind=kind or to, data=data or {}, unless_held=unless_held
        )
        if moved:
            order.status = to
            signal.send(sender=Order, order=order, **(extra or {}))
    if not moved:
        order.refresh_from_db(fields=["status", "hold"])
        if unless_held and order.hold and order.status in allowed:
            raise OnHold(number=order.number, present=order.status, wanted=to, hold=order.hold)
        raise IllegalTransition(number=order.number, present=order.status, wanted=to)


def move(
    *, order_id: int, to: str, sources: Sequence[str], kind: str, data: Mapping[str, Any], unless_held: bool = False
) -> bool:
    """Set the order's status to `to` and write the event `kind`, if its status is one of `sources`. True if it was.

    `unless_held`: and if it is not on hold.

    One statement on PostgreSQL. SQLite has no UPDATE inside another statement, so that the caller's transaction has to
    hold both.
    """
    if not sources:
        return False
    update = _MOVE.format(sources=", ".join(["%s"] * len(sources))) + (_UNLESS_HELD if unless_held else "")
    change: list[Any] = [str(to), order_id, *map(str, sources)]
    now, moment = clock.in_sql()
    event: list[Any] = [str(kind), json.dumps(data), *moment]
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            insert = f"{_EVENT} SELECT id, %s, %s::jsonb, {now} FROM moved"  # noqa: S608 - constants
            cursor.execute(f"WITH moved AS ({update} RETURNING id) {insert}", [*change, *event])
            return cursor.rowcount == 1
        cursor.execute(update, change)
        if moved := cursor.rowcount == 1:
            cursor.execute(f"{_EVENT} VALUES (%s, %s, %s, {now})", [order_id, *event])
        return moved


@transaction.atomic(savepoint=False)
def set_hold(*, order: Order, hold: Hold) -> None:
    """Put the order on hold, or lift its hold, which is announced. The caller holds the lock of the order."""
    if Order.objects.filter(pk=order.pk).exclude(hold=hold).update(hold=hold):
        order.hold = hold
        if hold == Hold.NONE:
            signals.order_hold_lifted.send(sender=Order, order=order)


@transaction.atomic(savepoint=False)
def record_return_state(*, order: Order, state: str, data: Mapping[str, Any]) -> None:
    """Record that a return was `requested`, `received`, `rejected` or `cancelled`. The order's status does not change.

    `data` has at least the return's `number`. The caller holds the lock of the order.
    """
    OrderEvent.objects.create(order=order, kind=f"return_{state}", data=dict(data))
