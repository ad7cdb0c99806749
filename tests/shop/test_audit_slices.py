"""The shop's invariants in the periodic audit: each is checked over the orders that changed, and over all at night."""

import logging
from collections.abc import Callable
from typing import Any

import pytest
from django.utils import timezone

from messaging import invariants
from messaging.invariants import periodic
from messaging.models import Message, State
from messaging.operations.models import FailureGroup
from messaging.worker import slices
from orders.models import Order, Status
from payments.gateways.simulated import SimulatedGateway
from payments.models import GatewayCharge
from shipping.carriers.simulated import Swiftpost
from shipping.models import CarrierParcel
from shipping.selectors import consignment_of
from shop.models import Product
from tests.delivery import deliver_all, run_periodic
from tests.factories import place
from tests.payments.outcomes import charged
from tests.query_plans import indexes_preferred

pytestmark = pytest.mark.django_db(transaction=True)
RECENT, WHOLE = "messaging.check_invariants", "messaging.check_everything"


def audited(task: str, caplog: pytest.LogCaptureFixture) -> str:
    """What is logged by the next three runs: a look covers what changed before its predecessor's end."""
    caplog.clear()
    caplog.set_level(logging.ERROR)
    for _ in range(3):
        run_periodic(task)
    return caplog.text


def lose_messages() -> str:
    """As an operator's discard would leave it."""
    order = place()
    Message.objects.filter(subject=order.number).update(state=State.DISCARDED, finished_at=timezone.now())
    return order.number


def forget_charge() -> str:
    order = place()
    deliver_all()
    GatewayCharge.objects.all().delete()
    return order.number


def charge_stranger() -> str:
    return charged(idempotency_key="x", amount=1, currency="EUR", method="pm_card_visa").reference


def book_twice() -> str:
    order = place()
    deliver_all()
    Swiftpost().book(idempotency_key="CV-00000-00000", consignment=consignment_of(order))
    return CarrierParcel.objects.get(idempotency_key="CV-00000-00000").tracking_number


def refund_stranger() -> str:
    order = place()
    deliver_all()
    reference = order.payments.get().gateway_reference
    return SimulatedGateway().refund(idempotency_key="x", charge_reference=reference, amount=1).reference


def miscount_group() -> str:
    order = place(payment_method="pm_bug")
    deliver_all()
    FailureGroup.objects.update(dead_count=7)
    return Message.objects.dead().get(subject=order.number).fingerprint


@pytest.mark.parametrize("task", [RECENT, WHOLE])
@pytest.mark.parametrize(
    "break_it", [lose_messages, forget_charge, charge_stranger, book_twice, refund_stranger, miscount_group]
)
def test_what_is_broken_is_found(task: str, break_it: Callable[[], str], caplog: pytest.LogCaptureFixture):
    run_periodic(RECENT)
    assert break_it() in audited(task, caplog)


def test_what_changed_without_a_trace_is_found_at_night(caplog: pytest.LogCaptureFixture):
    """As by SQL or a bug that writes no event."""
    order = place()
    deliver_all()
    audited(RECENT, caplog)
    Order.objects.filter(pk=order.pk).update(status=Status.CANCELLED)
    assert order.number not in audited(RECENT, caplog)
    assert order.number in audited(WHOLE, caplog)


def test_stock_is_added_up_at_night_only(caplog: pytest.LogCaptureFixture):
    """Its movements are read whole."""
    run_periodic(RECENT)
    place()
    product = Product.objects.get()
    Product.objects.update(stock=product.stock - 1)
    assert "stock is the sum" not in audited(RECENT, caplog)
    assert "stock is the sum" in audited(WHOLE, caplog)


def test_slices_find_what_the_audit_finds(monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture):
    monkeypatch.setattr(slices, "ROWS", 2)
    numbers = [lose_messages() for _ in range(5)]
    caplog.set_level(logging.ERROR)
    run_periodic(WHOLE)
    logged = {record.args for record in caplog.records if record.msg.startswith("invariant broken")}
    assert logged == {(found.invariant, found.detail) for found in invariants.audit()}
    assert all(number in caplog.text for number in numbers)


def test_an_invariant_judges_only_the_rows_it_is_given():
    """Every one with a scope: over no rows, it finds nothing."""
    lose_messages()
    charge_stranger()
    over: list[Any] = [one for one in invariants.registered() if one.over is not None]
    assert len(over) > 10
    for one in over:
        assert list(one.check(one.over.rows.none())) == [], one.name


def test_what_changed_is_read_in_the_order_of_an_index():
    feeds = [feed for scope in periodic._scopes() for feed in scope.feeds]
    with indexes_preferred():
        plans = [feed.changes.order_by(feed.by)[:1000].explain() for feed in feeds]
        plans.append(Message.objects.filter(state=State.DONE).order_by("finished_at")[:1000].explain())
    assert len(plans) == len(feeds) + 1 > 5
    for plan in plans:
        assert "Sort" not in plan
        assert "TEMP B-TREE" not in plan
