"""Order services: allowed and refused status changes, each with its event and signal."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from django.db import transaction
from django.dispatch import Signal

from orders import services, signals
from orders.models import TRANSITIONS, Order, OrderEvent, Status
from orders.placing.amounts import untaxed
from orders.placing.services import place_order
from orders.selectors import WAITING
from orders.transitions import IllegalTransition
from orders.values import Address, NewLine

pytestmark = pytest.mark.django_db

ADDRESS = Address(line1="Hauptstrasse 1", city="Bern", postcode="3011", country="CH")
LINES = [NewLine("A", "Apple", 120, 2), NewLine("B", "Bread", 450, 1)]
MOVES: dict[str, tuple[Callable[..., None], dict[str, str], Signal]] = {
    Status.ACTION_REQUIRED: (services.mark_action_required, {}, signals.order_action_required),
    Status.PROCESSING: (services.mark_processing, {}, signals.order_processing),
    Status.PAID: (services.mark_paid, {}, signals.order_paid),
    Status.PAYMENT_FAILED: (services.mark_payment_failed, {"reason": "card_declined"}, signals.order_payment_failed),
    Status.PLACED: (services.reopen_order, {"payment_method": "pm_card_visa"}, signals.order_reopened),
    Status.SHIPPED: (services.mark_shipped, {"carrier": "C", "tracking_number": "T1"}, signals.order_shipped),
    Status.DELIVERED: (services.mark_delivered, {}, signals.order_delivered),
    Status.CANCELLED: (services.cancel_order, {}, signals.order_cancelled),
    Status.REFUNDED: (services.mark_refunded, {}, signals.order_refunded),
}
#: Transitions with a service of their own.
MOVES_FROM: dict[tuple[str, str], tuple[Callable[..., None], dict[str, Any], Signal]] = {
    (Status.ACTION_REQUIRED, Status.PLACED): (
        services.reopen_order,
        {"payment_method": "pm_card_visa"},
        signals.order_method_changed,
    ),
    (Status.SHIPPED, Status.PAID): (
        services.send_again,
        {"goods_are_back": False, "by": "olga"},
        signals.order_sent_again,
    ),
}
LEGAL = [(source, target) for source, targets in TRANSITIONS.items() for target in targets]
ILLEGAL = [(source, target) for source in Status for target in Status if target not in TRANSITIONS[source]]


@pytest.fixture(autouse=True)
def alone() -> Iterator[None]:
    """Without the receivers of other apps, which orders must not depend on."""
    kept = {signal: signal.receivers for *_rest, signal in MOVES.values()}
    kept |= {signal: signal.receivers for *_rest, signal in MOVES_FROM.values()} | {
        signals.order_placed: signals.order_placed.receivers
    }
    for signal in kept:
        signal.receivers = []
        signal.sender_receivers_cache.clear()
    yield
    for signal, receivers in kept.items():
        signal.receivers = receivers
        signal.sender_receivers_cache.clear()


@contextmanager
def captured(signal: Signal) -> Iterator[list[dict[str, Any]]]:
    calls: list[dict[str, Any]] = []

    def receive(**kwargs: Any) -> None:
        calls.append(kwargs)

    signal.connect(receive)
    try:
        yield calls
    finally:
        signal.disconnect(receive)


def placed(**changes: Any) -> Order:
    values: dict[str, Any] = {
        "email": "ada@example.com",
        "name": "Ada Lovelace",
        "address": ADDRESS,
        "shipping_method": "standard",
        "amounts": untaxed(goods=690, delivery=990),
        "source": "web",
        "currency": "EUR",
        "lines": LINES,
        "payment_method": "pm_card_visa",
    }
    return place_order(**(values | changes)).order


def order_in(status: str) -> Order:
    order = placed()
    Order.objects.filter(pk=order.pk).update(status=status)
    order.refresh_from_db()
    return order


def test_placing_writes_the_order_its_lines_and_an_event_and_sends_the_signal():
    with captured(signals.order_placed) as calls:
        order = placed()
    order.refresh_from_db()
    assert (order.status, order.subtotal, order.shipping_price, order.total) == (Status.PLACED, 690, 990, 1680)
    assert [(line.sku, line.unit_price, line.quantity, line.total) for line in order.lines.all()] == [
        ("A", 120, 2, 240),
        ("B", 450, 1, 450),
    ]
    assert [event.kind for event in order.events.all()] == ["placed"]
    assert [(call["order"], call["payment_method"]) for call in calls] == [(order, "pm_card_visa")]


@pytest.mark.parametrize(("source", "target"), LEGAL)
def test_an_allowed_transition_changes_the_status_writes_one_event_and_sends_its_signal(source: str, target: str):
    order = order_in(source)
    move, arguments, signal = MOVES_FROM.get((source, target), MOVES[target])
    with captured(signal) as calls:
        move(order=order, **arguments)
    assert order.status == target
    assert Order.objects.get().status == target
    assert order.events.count() == 2
    assert [call["order"].status for call in calls] == [target]


@pytest.mark.parametrize(("source", "target"), ILLEGAL)
def test_an_illegal_transition_is_refused_with_both_statuses_and_writes_nothing(source: str, target: str):
    order = order_in(source)
    move, arguments, signal = MOVES[target]
    with captured(signal) as calls, pytest.raises(IllegalTransition) as refusal:
        move(order=order, **arguments)
    assert (refusal.value.present, refusal.value.wanted) == (source, target)
    assert source in str(refusal.value)
    assert target in str(refusal.value)
    assert Order.objects.get().status == source
    assert order.events.count() == 1
    assert calls == []


def test_the_status_in_the_database_decides_not_a_stale_one():
    order = order_in(Status.PLACED)
    stale = Order.objects.get()
    services.cancel_order(order=order)
    with pytest.raises(IllegalTransition) as refusal:
        services.mark_paid(order=stale)
    assert refusal.value.present == Status.CANCELLED
    assert stale.status == Status.CANCELLED


def test_the_callers_transaction_survives_a_refusal():
    order = order_in(Status.CANCELLED)
    with transaction.atomic():
        with pytest.raises(IllegalTransition):
            services.mark_paid(order=order)
        OrderEvent.objects.create(order=order, kind="afterwards")
    assert order.events.filter(kind="afterwards").exists()


def test_a_receiver_that_raises_vetoes_the_transition():
    order = order_in(Status.PLACED)

    def veto(**kwargs: Any) -> None:
        raise LookupError("no")

    signals.order_paid.connect(veto)
    with pytest.raises(LookupError), transaction.atomic():
        services.mark_paid(order=order)
    assert Order.objects.get().status == Status.PLACED
    assert order.events.count() == 1


@pytest.mark.parametrize(
    ("present", "remembered"),
    [
        (Status.PLACED, Status.PAYMENT_FAILED),
        (Status.PAID, Status.PLACED),
        (Status.PAYMENT_FAILED, Status.PLACED),
        (Status.PAID, Status.PAID),
    ],
)
def test_an_order_that_has_moved_on_is_not_cancelled_as_unpaid(present: Status, remembered: Status):
    order = order_in(present)
    order.status = remembered
    with pytest.raises(IllegalTransition):
        services.cancel_unpaid_order(order=order)
    assert Order.objects.get().status == present


@pytest.mark.parametrize("status", [Status.PLACED, Status.PAYMENT_FAILED])
def test_an_order_that_is_still_unpaid_is_cancelled_as_such(status: Status):
    order = order_in(status)
    services.cancel_unpaid_order(order=order)
    assert order.events.get(kind="cancelled").data == {"reason": "unpaid"}


def test_order_numbers_are_readable_and_public_ids_are_unguessable():
    order, other = placed(), placed()
    assert order.number.startswith("CV-")
    assert len(order.public_id) >= 22
    assert order.number != other.number


@pytest.mark.parametrize("status", [status for status in Status if status not in WAITING])
def test_only_an_order_that_waits_for_its_payment_can_be_marked_paid(status: str):
    with pytest.raises(IllegalTransition):
        services.mark_paid(order=order_in(status))


@pytest.mark.parametrize("status", [status for status in Status if status != Status.SHIPPED])
def test_only_a_shipped_order_can_be_sent_again(status: str):
    order = order_in(status)
    with pytest.raises(IllegalTransition):
        services.send_again(order=order, goods_are_back=False, by="olga")
    assert order.events.count() == 1


def test_a_corrected_address_leaves_an_event_without_the_address():
    order = order_in(Status.PAID)
    address = Address(line1="New Road 7", city="Thun", postcode="3600", country="CH")
    assert services.change_address(order=order, address=address, by="olga")
    assert not services.change_address(order=order, address=address, by="olga")
    order.refresh_from_db()
    assert (order.line1, order.city, order.postcode) == ("New Road 7", "Thun", "3600")
    event = order.events.get(kind="address_changed")
    assert event.data == {"by": "olga"}


@pytest.mark.parametrize("status", [status for status in Status if status != Status.PAID])
def test_the_address_can_only_be_changed_while_the_order_is_paid(status: str):
    order = order_in(status)
    with pytest.raises(IllegalTransition):
        services.change_address(order=order, address=Address("New Road 7", "Thun", "3600", "CH"), by="olga")
    assert Order.objects.get().city == "Bern"
