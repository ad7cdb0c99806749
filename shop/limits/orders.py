"""Limits on placing and paying orders, for the page and the API."""

from django.conf import settings
from django.http import HttpRequest
from django.utils.translation import gettext as _
from rest_framework.request import Request

from orders.models import Order
from shop.limits import policy
from shop.limits.clients import client_of
from shop.limits.counters import take


class TooManyPieces(Exception):
    """More than any client may order at once. Nothing was written."""

    def __init__(self, *, limit: int) -> None:
        super().__init__(
            _("At most %(limit)d pieces can be ordered within half an hour. Order fewer.") % {"limit": limit}
        )


def take_order(request: HttpRequest | Request, *, email: str, pieces: int) -> None:
    """Count an order of so many `pieces`. Raises `Limited` and `TooManyPieces`.

    An address is not counted for the account that has it: so nobody can use up an account's orders by naming it.
    """
    limit = policy.PIECES.limits["client"].allowed
    if settings.CONVEYOR_LIMITS and pieces > limit:
        raise TooManyPieces(limit=limit)
    mailbox, own = _mailbox(email), _mailbox(getattr(request.user, "email", ""))
    take(policy.ORDER, client=client_of(request), email="" if mailbox == own else mailbox)
    take(policy.PIECES, cost=pieces, client=client_of(request))


def take_payment(request: HttpRequest | Request, *, order: Order) -> None:
    """Count another try to pay an order. Raises `Limited`."""
    take(policy.PAYMENT, client=client_of(request), order=str(order.pk))


def _mailbox(email: str) -> str:
    """`ada+shop@example.com` is delivered to `ada@example.com`."""
    name, _at, domain = email.strip().lower().rpartition("@")
    return f"{name.partition('+')[0]}@{domain}" if name else ""
