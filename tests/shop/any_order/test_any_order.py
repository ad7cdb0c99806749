"""State machine test: invariants hold under any interleaving of orders, messages, payments and parcels.

Hypothesis acts as shopper, operator, gateway, carriers and an unreliable network: messages are delivered in any order,
late, twice, or only after their worker's loss is detected; gateway and carriers send any event any number of times, and
have outages. After each step `audit` must find nothing, and at the end every order must be in a final status.

Twenty runs, always the same, and fewer on PostgreSQL; `CONVEYOR_RANDOM_RUNS=2000` makes as many, each time others.
"""

import os
import uuid
from contextlib import suppress
from dataclasses import replace

import hypothesis
import pytest
from django.test import override_settings
from django.utils import timezone
from hypothesis import strategies as st
from hypothesis.stateful import (
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from messaging import circuit_breaker, outbox, simulated_outages
from messaging.models import Circuit, Message, State
from messaging.operations import actions
from messaging.operations.permissions import Actor
from orders.models import Order, Status
from orders.services.operators import Trusted
from orders.transitions import IllegalTransition
from payments.errors import NothingToRefund
from payments.gateways import WebhookEvent, simulated_refunds
from payments.invariants import REFUNDED_ONCE
from payments.models import OPEN, GatewayCharge, Payment, Refund
from payments.payloads import Reconcile
from payments.services import record_event, refund_order
from shipping import delivery_problems
from shipping.carriers import CarrierEvent, EventCode, TrackingEvent
from shipping.models import CarrierParcel, Shipment
from shipping.services import record_event as record_carrier_event
from shop.checkout.services import LineWanted
from shop.models import User
from shop.office.parcels.services import ParcelNotReturned, restock_returned_parcel
from shop.order_pages.services import cancel, pay_again
from shop.stock.services import OutOfStock
from tests import fuzzing
from tests.auditing import AuditOfChanges, broken
from tests.delivery import deliver, deliver_all
from tests.factories import ADDRESS, ProductFactory, place
from tests.flush import flush
from tests.shop.any_order.charges import ChargeRules, write_off_what_is_lost
from tests.shop.any_order.disputes import DisputeRules, assert_disputes_agree, decide_all_disputes
from tests.shop.any_order.passing_time import TimeRules
from tests.shop.any_order.refunds import LEFT_TO_OPERATORS, RefundRules, assert_money_adds_up, finish_refunds
from tests.shop.any_order.steps import MAILS, is_stranded, may_be_out, one_of, out, pending, publish
from tests.states.watch import watched

RANDOM_RUNS = int(os.environ.get("CONVEYOR_RANDOM_RUNS", "0"))

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.timeout(900 + 60 * RANDOM_RUNS),
    pytest.mark.slow,
    pytest.mark.no_cover,  # which would double its time and add nothing
]

METHODS = (
    "pm_disputed",
    "pm_card_visa", "pm_card_visa", "pm_card_declined", "pm_flaky_2", "pm_lost_reply", "pm_outage", "pm_bug",
    "pm_refund_pending", "pm_refund_fails", "pm_3ds", "pm_3ds", "pm_sepa",
)  # fmt: skip
CITIES = ("Bern", "Bern", "Flakytown", "Nowhere", "Rejectford", "Delayburg", "Lostville", "Returnham")
ANN = Actor.system("ann")
RESTING = (Status.PAYMENT_FAILED, Status.DELIVERED, Status.CANCELLED, Status.REFUNDED)


class Shop(TimeRules, ChargeRules, RefundRules, DisputeRules):
    """One scarce product, up to five orders of it, and everything that may happen to them."""

    def __init__(self) -> None:
        super().__init__()
        self.product = ProductFactory.create(sku="SKU", stock=7)
        self.orders: list[Order] = []
        self.operator = User.objects.create_superuser("olga", "olga@example.com", "olga")
        self.audit = AuditOfChanges()
        self._states = self.around.enter_context(watched())

    def teardown(self) -> None:
        try:
            self.come_to_rest()
            assert self._states.seen
            assert not self._states.forbidden
        finally:
            self.audit.end()
            circuit_breaker.forget()
            super().teardown()
            flush()

    # -- shopper ------------------------------------------------------------------------------------------------------

    @initialize(initial=st.lists(st.tuples(st.sampled_from(METHODS), st.sampled_from(CITIES)), min_size=2, max_size=3))
    def opens(self, initial: list[tuple[str, str]]) -> None:
        for method, city in initial:
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

    # -- workers and network ------------------------------------------------------------------------------------------

    @rule(data=st.data(), count=st.integers(1, 6))
    def works_off_messages(self, data: st.DataObject, count: int) -> None:
        """Any pending messages, due or not."""
        for _ in range(count):
            message = one_of(data, pending())
            if message is None:
                return
            publish(message)
            deliver(message)
            self.nothing_is_broken()

    @rule(data=st.data())
    def works_off_all_but_one(self, data: st.DataObject) -> None:
        """All pending messages except one, which is late."""
        late = one_of(data, pending())
        for message in pending():
            if message != late:
                publish(message)
                deliver(message)

    @rule(data=st.data())
    def loses_a_worker(self, data: st.DataObject) -> None:
        """Published, but not processed until it is redelivered."""
        message = one_of(data, pending())
        if message is not None:
            publish(message)

    @rule(data=st.data())
    def delivers_again(self, data: st.DataObject) -> None:
        """A message in flight or already settled."""
        message = one_of(data, Message.objects.filter(sends__gt=0))
        if message is not None:
            deliver(message, redelivered=True)

    # -- the gateway --------------------------------------------------------------------------------------------------

    @rule(data=st.data(), again=st.booleans())
    def gateway_reports_a_charge(self, data: st.DataObject, again: bool) -> None:
        """About any charge, at any time, as a new or a repeated event."""
        charge = one_of(data, GatewayCharge.objects.all())
        if charge is not None:
            number = 0 if again else data.draw(st.integers(0, 10**6))
            key = uuid.UUID(charge.idempotency_key)
            with outbox.transaction():
                record_event(event=WebhookEvent(f"evt_{charge.pk}_{number}", "charge.succeeded", key, charge.reference))

    @rule(data=st.data(), code=st.sampled_from(EventCode))
    def carrier_reports_a_parcel(self, data: st.DataObject, code: EventCode) -> None:
        """About any parcel, true or not: an event only triggers a status check."""
        parcel = one_of(data, CarrierParcel.objects.all())
        if parcel is not None:
            event = TrackingEvent(id=f"{parcel.pk}-{code}", at=timezone.now(), code=code)
            with outbox.transaction():
                record_carrier_event(carrier=parcel.carrier, event=CarrierEvent(parcel.tracking_number, event))

    @rule(data=st.data())
    def goes_down(self, data: st.DataObject) -> None:
        simulated_outages.begin(name=data.draw(st.sampled_from(circuit_breaker.simulated())), seconds=3600)

    @rule()
    def all_come_back(self) -> None:
        for name in circuit_breaker.simulated():
            simulated_outages.end(name=name)
        Circuit.objects.filter(opened_at__isnull=False).update(probe_at=timezone.now())
        circuit_breaker.forget()

    # -- office -------------------------------------------------------------------------------------------------------

    @precondition(lambda self: self.orders)
    @rule(data=st.data(), share=st.sampled_from([0.25, 0.5, 1.0]))
    def refunds(self, data: st.DataObject, share: float) -> None:
        order = self._order(data)
        with suppress(NothingToRefund), outbox.transaction():
            amount = round(order.total * share)
            refund_order(order=order, amount=amount, request_id=uuid.uuid4(), by=Trusted("ann"), reason="test")

    @rule(data=st.data(), goods_are_back=st.booleans(), city=st.sampled_from(CITIES))
    def sends_again(self, data: st.DataObject, goods_are_back: bool, city: str) -> None:
        shipment = one_of(data, Shipment.objects.all())
        if shipment is not None:
            address = replace(ADDRESS, city=city)
            with suppress(IllegalTransition, OutOfStock), outbox.transaction():
                delivery_problems.reship(
                    shipment=shipment, goods_are_back=goods_are_back, address=address, by=self.operator
                )

    @precondition(lambda self: self.orders)
    @rule(data=st.data(), city=st.sampled_from(CITIES))
    def corrects_an_address(self, data: st.DataObject, city: str) -> None:
        with suppress(IllegalTransition, delivery_problems.BookingInProgress):
            address = replace(ADDRESS, city=city)
            delivery_problems.correct_address(order=self._order(data), address=address, by=self.operator)

    @precondition(lambda self: self.orders)
    @rule(data=st.data())
    def restocks(self, data: st.DataObject) -> None:
        with suppress(ParcelNotReturned), outbox.transaction():
            restock_returned_parcel(order=self._order(data), by=self.operator)

    @rule(data=st.data())
    def retries(self, data: st.DataObject) -> None:
        message = one_of(data, Message.objects.dead())
        if message is not None:
            actions.retry(ids=[message.pk], actor=ANN)

    @precondition(lambda self: not pending().filter(task=Reconcile.task).exists())
    @rule()
    def reconciles(self) -> None:
        with outbox.transaction():
            outbox.enqueue(Reconcile())

    # -- invariants ---------------------------------------------------------------------------------------------------

    @invariant()
    def nothing_is_broken(self) -> None:
        assert self.audit.broken().keys() <= set(LEFT_TO_OPERATORS)
        assert not self._states.forbidden

    @invariant()
    def no_more_than_was_captured_is_returned(self) -> None:
        for charge in GatewayCharge.objects.all():
            assert simulated_refunds.refunded(charge) + charge.disputes.at_stake() <= charge.amount

    @invariant()
    def stock_is_what_no_order_holds(self) -> None:
        self.product.refresh_from_db()
        assert 0 <= self.product.stock <= 7

    def come_to_rest(self) -> None:
        """End all outages and deliver every message: then no refund is pending, and every order has a final status."""
        self.all_come_back()
        for message in Message.objects.filter(state=State.SENT):
            deliver(message, redelivered=True)
        deliver_all(limit=1000)
        decide_all_disputes()
        deliver_all(limit=1000)
        write_off_what_is_lost()
        finish_refunds()
        assert broken().keys() <= {REFUNDED_ONCE}
        dead = set(Message.objects.dead().exclude(task=MAILS).values_list("subject", flat=True))
        for order in Order.objects.all():
            assert order.status in RESTING or order.number in dead or is_stranded(order), order.status
            assert out(order) in may_be_out(order), (order.number, order.status)
        assert not Refund.objects.filter(status__in=OPEN).exists()
        assert_money_adds_up()
        assert_disputes_agree()
        assert GatewayCharge.objects.count() <= Payment.objects.count()

    def _order(self, data: st.DataObject) -> Order:
        order = data.draw(st.sampled_from(self.orders))
        order.refresh_from_db()
        return order


def test_invariants_hold_under_any_interleaving():
    settings = hypothesis.settings(
        max_examples=RANDOM_RUNS or fuzzing.examples(20),
        stateful_step_count=40,
        deadline=None,
        derandomize=not RANDOM_RUNS,
        database=None,
        suppress_health_check=list(hypothesis.HealthCheck),
    )
    with override_settings(
        CONVEYOR_RETRY_MAX_ATTEMPTS=3,
        CONVEYOR_CIRCUIT_SECONDS=0.1,
        CONVEYOR_TRANSIT_SECONDS=0,
        CONVEYOR_TRACK_SECONDS=0,
    ):
        run_state_machine_as_test(Shop, settings=settings)
