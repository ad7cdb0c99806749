"""Limits on placing, paying, finding and returning orders, for the pages and the API."""

from collections.abc import Callable
from contextlib import ExitStack

from django.conf import settings
from django.http import HttpRequest
from django.utils.translation import gettext as _
from rest_framework.request import Request

from orders.models import Order
from shop.checkout.services import Placed
from shop.limits import policy
from shop.limits.clients import client_of, network_of
from shop.limits.counters import take
from shop.limits.mailboxes import mailbox


class TooManyPieces(Exception):
    """More than any client may order at once. Nothing was written."""

    def __init__(self, *, limit: int) -> None:
        super().__init__(
            _("At most %(limit)d pieces can be ordered within half an hour. Order fewer.") % {"limit": limit}
        )


def place_within_limits(
    *, request: HttpRequest | Request, email: str, pieces: int, place: Callable[[], Placed]
) -> Placed:
    """Place an order of so many `pieces`, and count it. Raises `Limited`, `TooManyPieces` and what `place` raises.

    One that `place` refuses counts as a try of the client only: it holds no pieces, and e-mails nobody. One that had
    been placed before counts for nothing.
    """
    limit = policy.PIECES.limits["client"].allowed
    if settings.CONVEYOR_LIMITS and pieces > limit:
        raise TooManyPieces(limit=limit)
    client, network = client_of(request), _network_of_accounts(request)
    tried = take(policy.ORDER, client=client, network=network)
    with ExitStack() as held:
        held.enter_context(take(policy.PIECES, cost=pieces, client=client, network=network))
        held.enter_context(_take_mailbox(request, email))
        placed = place()
        if placed.created:
            held.pop_all()
        else:
            tried.close()
    return placed


def take_payment(request: HttpRequest | Request, *, order: Order) -> None:
    """Count another try to pay an order. Raises `Limited`."""
    take(policy.PAYMENT, client=client_of(request), network=_network_of_accounts(request), order=str(order.pk))


def take_return(request: HttpRequest | Request, *, order: Order) -> None:
    """Count a request to return items of an order. Raises `Limited`."""
    take(policy.RETURN, client=client_of(request), order=str(order.pk))


def take_lookup(request: HttpRequest, *, number: str, email: str) -> ExitStack:
    """Count a try to find an order as a guest; closing what this returns undoes it. Raises `Limited`."""
    return take(policy.FIND_ORDER, client=client_of(request), number=number, email=mailbox(email))


def _network_of_accounts(request: HttpRequest | Request) -> str:
    """Empty for guests: as clients they are their network already."""
    return (network_of(request) or "") if request.user.is_authenticated else ""


def _take_mailbox(request: HttpRequest | Request, email: str) -> ExitStack:
    """Not counted for the account that has the address, so that nobody can use up an account's orders by naming it.

    An account with `ada+1@example.com` is one of as many as anybody likes to register for Ada's mailbox.
    """
    own, box = getattr(request.user, "email", ""), mailbox(email)
    return take(policy.ORDER_EMAIL, email="" if box == mailbox(own) and "+" not in own else box)
