"""Does every invariant hold, in whatever order things happen to orders, their messages, money and parcels?

Hypothesis plays shopper, operator, gateway, carriers and an unkind network: messages come in any order, late, twice, or
not until their worker's loss is noticed; gateway and carriers tell what they like as often as they like, and are down
at times. After each step `audit` must find nothing, and at the end every order must have come to rest.
"""

import uuid
from contextlib import suppress
from dataclasses import replace
from typing import Any

import hypothesis
import pytest
from django.core.management import call_command
from django.db.models import QuerySet
from django.test import override_settings
from django.utils import timezone
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from messaging import circuits, ledger, outages, services
from messaging.models import Circuit, Message, State
from messaging.permissions import Actor
from orders.errors import IllegalTransition
from orders.models import Order, Status
from payments.errors import NothingToRefund
from payments.events import Event
from payments.models import GatewayCharge, GatewayRefund, Payment, Refund, RefundStatus
from payments.payloads import Reconcile
from payments.services import give_back, hear
from shipping import repairs
from shipping.carriers import EventCode, Heard, TrackingEvent
from shipping.models import STRANDED, CarrierParcel, Shipment
from shipping.services import hear as hear_carrier
from shop.errors import OutOfStock
from shop.models import StockMovement, User
from shop.parcels import goods
from shop.services import LineWanted, cancel, pay_again
from tests.auditing import broken
from tests.delivery import deliver, deliver_all
from tests.factories import ADDRESS, ProductFactory, place

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.timeout(600)]

METHODS = ("pm_card_visa", "pm_card_visa", "pm_card_declined", "pm_flaky_2", "pm_lost_reply", "pm_outage", "pm_bug")
CITIES = ("Bern", "Bern", "Flakytown", "Nowhere", "Rejectford", "Delayburg", "Lostville", "Returnham")
ANN = Actor.system("ann")
RESTING = (Status.PAYMENT_FAILED, Status.DELIVERED, Status.CANCELLED, Status.REFUNDED)
MAILS = "orders.send_email"


class Shop(RuleBasedStateMachine):
    """One product of which there are few, up to five orders of it, and all that may happen to them."""

    def __init__(self) -> None:
        super().__init__()
        self.product = ProductFactory.create(stock=7)
        self.orders: list[Order] = []
        self.operator = User.objects.create_superuser("olga", "olga@example.com", "olga")

    def teardown(self) -> None:
        try:
            self.come_to_rest()
        finally:
            circuits.forget()
            call_command("flush", interactive=False, verbosity=0, inhibit_post_migrate=True)

    # -- the shopper --------------------------------------------------------------------------------------------------

    @initialize(wishes=st.lists(st.tuples(st.sampled_from(METHODS), st.sampled_from(CITIES)), min_size=2, max_size=3))
    def opens(self, wishes: list[tuple[str, str]]) -> None:
        for method, city in wishes:
            self.order(method, city, pieces=1)

    @precondition(lambda self: len(self.orders) < 5)
    @rule(method=st.sampled_from(METHODS), city=st.sampled_from(CITIES), pieces=st.integers(1, 4))
    def order(self, method: str, city: str, pieces: int) -> None:
        with suppress(OutOfStock):
            lines = [LineWanted(self.product.sku, pieces)]
            self.orders.append(place(lines=lines, payment_method=method, city=city))

    @precondition(lambda self: self.orders)
    @rule(data=st.data())
    def cancels(self, data: st.DataObject) -> None:
        with suppress(IllegalTransition):
            cancel(order=self._order(data))

    @precondition(lambda self: self.orders)
    @rule(data=st.data(), method=st.sampled_from(METHODS))
    def pays_again(self, data: st.DataObject, method: str) -> None:
        with suppress(IllegalTransition, OutOfStock):
            pay_again(order=self._order(data), payment_method=method)

    # -- workers and the network --------------------------------------------------------------------------------------

    @rule(data=st.data(), count=st.integers(1, 6))
    def works_off_messages(self, data: st.DataObject, count: int) -> None:
        """Any that are pending, whether their time has come or not."""
        for _ in range(count):
            message = _one_of(data, _pending())
            if message is None:
                return
            _publish(message)
            _deliver(message)
            assert broken() == {}

    @rule(data=st.data())
    def works_off_all_but_one(self, data: st.DataObject) -> None:
        """As on a good day, on which one message is late."""
        late = _one_of(data, _pending())
        for message in _pending():
            if message != late:
                _publish(message)
                _deliver(message)

    @rule(data=st.data())
    def loses_a_worker(self, data: st.DataObject) -> None:
        """Published, and then nothing is heard of it until it is delivered again."""
        message = _one_of(data, _pending())
        if message is not None:
            _publish(message)

    @rule(data=st.data())
    def delivers_again(self, data: st.DataObject) -> None:
        """What is under way or was settled long ago."""
        message = _one_of(data, Message.objects.filter(sends__gt=0))
        if message is not None:
            _deliver(message, redelivered=True)

    # -- the gateway --------------------------------------------------------------------------------------------------

    @rule(data=st.data(), again=st.booleans())
    def gateway_tells(self, data: st.DataObject, again: bool) -> None:
        """Of any charge, soon or late, under a new event or one that was told before."""
        charge = _one_of(data, GatewayCharge.objects.all())
        if charge is not None:
            number = 0 if again else data.draw(st.integers(0, 10**6))
            key = uuid.UUID(charge.idempotency_key)
            with ledger.transaction():
                hear(event=Event(f"evt_{charge.pk}_{number}", "charge.succeeded", key, charge.reference))

    @rule(data=st.data(), code=st.sampled_from(EventCode))
    def carrier_tells(self, data: st.DataObject, code: EventCode) -> None:
        """Of any parcel, be it true or not: its word is only a reason to look."""
        parcel = _one_of(data, CarrierParcel.objects.all())
        if parcel is not None:
            event = TrackingEvent(id=f"{parcel.pk}-{code}", at=timezone.now(), code=code)
            with ledger.transaction():
                hear_carrier(carrier=parcel.carrier, heard=Heard(parcel.tracking_number, event))

    @rule(data=st.data())
    def goes_down(self, data: st.DataObject) -> None:
        outages.begin(name=data.draw(st.sampled_from(circuits.simulated())), seconds=3600)

    @rule()
    def all_come_back(self) -> None:
        for name in circuits.simulated():
            outages.end(name=name)
        Circuit.objects.filter(opened_at__isnull=False).update(probe_at=timezone.now())
        circuits.forget()

    # -- the office ---------------------------------------------------------------------------------------------------

    @precondition(lambda self: self.orders)
    @rule(data=st.data(), share=st.sampled_from([0.25, 0.5, 1.0]))
    def gives_back(self, data: st.DataObject, share: float) -> None:
        order = self._order(data)
        with suppress(NothingToRefund), ledger.transaction():
            amount = round(order.total * share)
            give_back(order=order, amount=amount, request_id=uuid.uuid4(), by="ann", reason="a whim")

    @rule(data=st.data(), goods_are_back=st.booleans(), city=st.sampled_from(CITIES))
    def sends_again(self, data: st.DataObject, goods_are_back: bool, city: str) -> None:
        shipment = _one_of(data, Shipment.objects.all())
        if shipment is not None:
            address = replace(ADDRESS, city=city)
            with suppress(IllegalTransition, OutOfStock), ledger.transaction():
                repairs.reship(shipment=shipment, goods_are_back=goods_are_back, address=address, by=self.operator)

    @precondition(lambda self: self.orders)
    @rule(data=st.data(), city=st.sampled_from(CITIES))
    def corrects_an_address(self, data: st.DataObject, city: str) -> None:
        with suppress(IllegalTransition, repairs.BeingBooked):
            address = replace(ADDRESS, city=city)
            repairs.correct_address(order=self._order(data), address=address, by=self.operator)

    @precondition(lambda self: self.orders)
    @rule(data=st.data())
    def takes_goods_back(self, data: st.DataObject) -> None:
        with suppress(goods.NothingCameBack), ledger.transaction():
            goods.take_back(order=self._order(data), by=self.operator)

    @rule(data=st.data())
    def retries(self, data: st.DataObject) -> None:
        message = _one_of(data, Message.objects.dead())
        if message is not None:
            services.retry(ids=[message.pk], actor=ANN)

    @precondition(lambda self: not _pending().filter(task=Reconcile.task).exists())
    @rule()
    def reconciles(self) -> None:
        with ledger.transaction():
            ledger.enqueue(Reconcile())

    # -- what must hold -----------------------------------------------------------------------------------------------

    @invariant()
    def nothing_is_broken(self) -> None:
        assert broken() == {}

    @invariant()
    def nobody_gets_more_than_was_taken(self) -> None:
        for charge in GatewayCharge.objects.all():
            given_back = sum(charge.refunds.values_list("amount", flat=True))
            assert given_back <= charge.amount

    @invariant()
    def stock_is_what_no_order_holds(self) -> None:
        self.product.refresh_from_db()
        assert 0 <= self.product.stock <= 7

    def come_to_rest(self) -> None:
        """All systems are up, and every message is delivered: then nothing is owed, and each order has ended."""
        self.all_come_back()
        for message in Message.objects.filter(state=State.SENT):
            _deliver(message, redelivered=True)
        deliver_all(limit=1000)
        assert broken() == {}
        dead = set(Message.objects.dead().exclude(task=MAILS).values_list("subject", flat=True))
        for order in Order.objects.all():
            assert order.status in RESTING or order.number in dead or _is_stranded(order), order.status
            assert _out(order) in _may_be_out(order), (order.number, order.status)
        assert not Refund.objects.filter(status=RefundStatus.PENDING).exclude(payment__order__number__in=dead).exists()
        assert GatewayRefund.objects.count() == Refund.objects.filter(status=RefundStatus.DONE).count()
        assert GatewayCharge.objects.count() <= Payment.objects.count()

    def _order(self, data: st.DataObject) -> Order:
        order = data.draw(st.sampled_from(self.orders))
        order.refresh_from_db()
        return order


def test_every_invariant_holds_whatever_happens_in_whatever_order():
    settings = hypothesis.settings(
        max_examples=20,
        stateful_step_count=40,
        deadline=None,
        derandomize=True,
        suppress_health_check=list(hypothesis.HealthCheck),
    )
    with override_settings(
        CONVEYOR_RETRY_MAX_ATTEMPTS=3,
        CONVEYOR_CIRCUIT_SECONDS=0.1,
        CONVEYOR_TRANSIT_SECONDS=0,
        CONVEYOR_TRACK_SECONDS=0,
    ):
        run_state_machine_as_test(Shop, settings=settings)


def _one_of(data: st.DataObject, rows: QuerySet[Any]) -> Any:
    """One of the rows, oldest first so that hypothesis can shrink; None if there is none."""
    found = list(rows.order_by("pk"))
    return data.draw(st.sampled_from(found)) if found else None


def _pending() -> QuerySet[Message]:
    """E-mails move nothing."""
    return Message.objects.filter(state=State.PENDING).exclude(task=MAILS)


def _publish(message: Message) -> None:
    """As the relay does, whatever the time."""
    message.state, message.sent_at, message.sends = State.SENT, timezone.now(), message.sends + 1
    message.save(update_fields=["state", "sent_at", "sends"])


def _deliver(message: Message, *, redelivered: bool = False) -> None:
    deliver(message, redelivered=redelivered)


def _pieces(order: Order) -> int:
    return sum(order.lines.values_list("quantity", flat=True))


def _out(order: Order) -> int:
    """Pieces that the order holds, or took with it; what was lost on the way is written off elsewhere."""
    return -sum(StockMovement.objects.filter(reference=order.number).values_list("quantity", flat=True))


def _may_be_out(order: Order) -> tuple[int, ...]:
    """Pieces: none of what was not paid, all of what arrived; the rest may have been taken back, or not."""
    if order.status == Status.PAYMENT_FAILED:
        return (0,)
    return (_pieces(order),) if order.status == Status.DELIVERED else (0, _pieces(order))


def _is_stranded(order: Order) -> bool:
    """Its parcel was lost or came back, and it is a person's turn."""
    return Shipment.objects.filter(current_for=order, status__in=STRANDED).exists()
