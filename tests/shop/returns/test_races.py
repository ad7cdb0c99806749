"""Concurrent actions on one order's returns: one wins, and never is more returned or paid back than there was."""

import uuid
from functools import partial

import pytest

from messaging.outbox import transaction
from orders.models import Order
from orders.services.operators import Trusted
from payments.errors import NothingToRefund
from payments.models import Refund
from payments.services import refund_order
from shop.models import Return, ReturnStatus
from shop.returns import services
from shop.returns.errors import AlreadyDecided, ReturnRefused
from tests.auditing import broken
from tests.delivery import deliver_all
from tests.races import at_once
from tests.shop.returns.returned import delivered, operator, receive, requested

pytestmark = pytest.mark.django_db(transaction=True)


def test_of_requests_for_the_same_pieces_one_wins():
    order = delivered()
    refused = at_once(*[partial(requested, order)] * 4, refusals=(ReturnRefused,))
    assert refused.count(None) == 1
    assert Return.objects.count() == 1
    assert not broken()


def test_a_request_that_is_sent_at_once_twice_is_one_return():
    order, id_ = delivered(), uuid.uuid4()
    assert at_once(*[partial(requested, order, request_id=id_)] * 4) == [None] * 4
    assert Return.objects.count() == 1


def test_of_two_operators_at_once_one_wins():
    found, people = requested(delivered()), [operator() for _ in range(4)]
    refused = at_once(*(partial(_receive, found, by) for by in people), refusals=(AlreadyDecided,))
    assert refused.count(None) == 1
    assert Refund.objects.count() == 1
    assert not broken()


def test_a_shopper_who_cancels_and_an_operator_who_receives_decide_once():
    found, by = requested(delivered()), operator()
    refused = at_once(partial(_cancel, found), partial(_receive, found, by), refusals=(AlreadyDecided,))
    assert refused.count(None) == 1
    found.refresh_from_db()
    assert Refund.objects.count() == (found.status != ReturnStatus.CANCELLED)


def test_a_refund_and_a_return_at_once_pay_back_what_was_paid():
    order = delivered()
    found, by = requested(order), operator()
    refund = partial(_refund, order, 3000)
    refused = at_once(refund, partial(_receive, found, by), refusals=(NothingToRefund,))
    deliver_all()
    paid = sum(Refund.objects.values_list("amount", flat=True))
    assert (paid, refused[1]) == (3750, None), "the refund came first, or was refused"
    assert not broken()


def _receive(found: Return, by: object) -> None:
    receive(Return.objects.get(pk=found.pk), by=by)


def _cancel(found: Return) -> None:
    with transaction():
        services.cancel_return(found=Return.objects.get(pk=found.pk), by="customer")


def _refund(order: Order, amount: int) -> None:
    with transaction():
        refund_order(order=order, amount=amount, request_id=uuid.uuid4(), by=Trusted("ann"), reason="late")
