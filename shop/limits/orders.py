"""Limits on placing and paying orders, for the page and the API."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from django.conf import settings
from django.http import HttpRequest
from django.utils.translation import gettext as _
from rest_framework.request import Request

from orders.models import Order
from shop.limits import policy
from shop.limits.clients import client_of, network_of
from shop.limits.counters import give_back, take, taken
from shop.limits.mailboxes import mailbox


class TooManyPieces(Exception):
    """More than any client may order at once. Nothing was written."""

    def __init__(self, *, limit: int) -> None:
        super().__init__(
            _("At most %(limit)d pieces can be ordered within half an hour. Order fewer.") % {"limit": limit}
        )


@contextmanager
def limited_order(request: HttpRequest | Request, *, email: str, pieces: int) -> Iterator[Callable[[], None]]:
    """Count an order of so many `pieces` that is placed within. Raises `Limited` and `TooManyPieces`.

    One that is refused there counts as a try of the client only: it holds no pieces, and e-mails nobody. One that had
    been placed before counts for nothing: call what this yields.
    """
    limit = policy.PIECES.limits["client"].allowed
    if settings.CONVEYOR_LIMITS and pieces > limit:
        raise TooManyPieces(limit=limit)
    client, network = client_of(request), _network_of_accounts(request)
    take(policy.ORDER, client=client, network=network)
    box = _counted_mailbox(request, email)
    with taken(policy.PIECES, cost=pieces, client=client, network=network), taken(policy.ORDER_EMAIL, email=box):

        def forget() -> None:
            give_back(policy.ORDER, client=client, network=network)
            give_back(policy.PIECES, cost=pieces, client=client, network=network)
            give_back(policy.ORDER_EMAIL, email=box)

        yield forget


def take_payment(request: HttpRequest | Request, *, order: Order) -> None:
    """Count another try to pay an order. Raises `Limited`."""
    take(policy.PAYMENT, client=client_of(request), network=_network_of_accounts(request), order=str(order.pk))


def _network_of_accounts(request: HttpRequest | Request) -> str:
    """None for guests, whom their network is counted for already."""
    return (network_of(request) or "") if request.user.is_authenticated else ""


def _counted_mailbox(request: HttpRequest | Request, email: str) -> str:
    """None for the account that has the address, so that nobody can use up an account's orders by naming it.

    An account with `ada+1@example.com` is one of as many as anybody likes to register for Ada's mailbox.
    """
    own, box = getattr(request.user, "email", ""), mailbox(email)
    return "" if box == mailbox(own) and "+" not in own else box
