"""Delivered orders, and returns of them in each status."""

from collections.abc import Iterable
from typing import Any

from messaging.outbox import transaction
from orders.models import Order, OrderLine
from shop.checkout.services import LineWanted
from shop.models import Return, User
from shop.returns import services
from shop.returns.services import Decision
from tests.delivery import deliver_all
from tests.factories import ProductFactory, UserFactory, client_with, place

PERMISSIONS = ("view_order", "view_return", "receive_return")


def delivered(*, pieces: Iterable[int] = (2, 1), **options: Any) -> Order:
    """A delivered order of as many products, at 12.50 each."""
    lines = [LineWanted(sku=ProductFactory.create().sku, quantity=count) for count in pieces]
    order = place(lines=lines, **options)
    deliver_all()
    order.refresh_from_db()
    return order


def with_lines(count: int) -> Order:
    """A delivered order of so many lines, which most shops allow by the API only."""
    order = delivered(pieces=[1])
    line = order.lines.get()
    OrderLine.objects.bulk_create(
        OrderLine(order=order, sku=f"{line.sku}-{n}", name=line.name, unit_price=0, quantity=1) for n in range(1, count)
    )
    return order


def requested(order: Order, *, pieces: Iterable[int] | None = None, **options: Any) -> Return:
    """A return of that many pieces of the order's lines; by default of everything."""
    lines = list(order.lines.all())
    counts = [line.quantity for line in lines] if pieces is None else list(pieces)
    wanted = {line.pk: count for line, count in zip(lines, counts, strict=True)}
    with transaction():
        return services.request_return(order=order, lines=wanted, **({"reason": "changed_mind"} | options))


def receive(
    found: Return, *, accepted: Iterable[int] | None = None, restocked: bool = True, rejection: str = "", by: Any = None
) -> int:
    """Receive a return, by default as it was requested. Returns the refund in minor units."""
    lines = list(found.lines.all())
    counts = [line.quantity for line in lines] if accepted is None else list(accepted)
    decisions = {
        line.pk: Decision(accepted=count, restocked=count if restocked else 0)
        for line, count in zip(lines, counts, strict=True)
    }
    with transaction():
        return services.receive_return(found=found, decisions=decisions, rejection=rejection, by=by or operator())


def operator() -> User:
    return UserFactory.create(is_superuser=True)


def operator_client() -> Any:
    return client_with(*PERMISSIONS)
