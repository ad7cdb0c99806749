"""State machine test: returns, refunds by operators and at the gateway, disputes, and an unreliable network.

In any order; a bank may decide about a dispute more than once.

After each step `audit` must find nothing; at the end no return is received without its money being back, no more is
paid back than was paid, and stock is what nobody has. `CONVEYOR_RANDOM_RUNS=2000` makes as many runs with fresh seeds.
"""

import os
import uuid
from contextlib import suppress

import hypothesis
import pytest
from django.db.models import Sum
from django.test import override_settings
from hypothesis import strategies as st
from hypothesis.stateful import initialize, invariant, rule, run_state_machine_as_test

from messaging import circuit_breaker, outbox
from messaging.models import Message
from orders.models import Order, Status
from orders.services.operators import Trusted
from payments.errors import NothingToRefund
from payments.gateways import DisputeState, simulated_charges, simulated_disputes
from payments.invariants import REFUNDED_ONCE
from payments.models import OPEN, UNDECIDED, WRITTEN_OFF, GatewayCharge, GatewayDispute, Payment, Refund
from payments.payloads import CapturePayment
from payments.services import refund_order
from shipping.models import CarrierParcel
from shop.checkout.services import LineWanted
from shop.models import Product, Return, ReturnLine, ReturnStatus
from shop.returns import services
from shop.returns.errors import AlreadyDecided, RefundBlocked, ReturnRefused
from shop.returns.selectors import returnable_lines
from shop.returns.services import Decision
from tests import fuzzing
from tests.auditing import AuditOfChanges, broken
from tests.delivery import deliver, deliver_all, run_periodic
from tests.factories import ProductFactory, place
from tests.flush import flush
from tests.shop.any_order.charges import report, write_off_what_is_lost
from tests.shop.any_order.disputes import DisputeRules, decide_all_disputes
from tests.shop.any_order.disputes import report as report_dispute
from tests.shop.any_order.passing_time import TimeRules
from tests.shop.any_order.refunds import LEFT_TO_OPERATORS, RefundRules, assert_money_adds_up, finish_refunds, room
from tests.shop.any_order.steps import one_of, pending, publish
from tests.shop.returns.returned import operator
from tests.states.watch import watched

RANDOM_RUNS = int(os.environ.get("CONVEYOR_RANDOM_RUNS", "0"))
STOCK = 20
#: Of three pieces and of one; now and then more than were bought, or than are left.
PIECES = st.tuples(st.sampled_from([1, 1, 0, 2, 3, 4]), st.sampled_from([1, 0, 0, 2]))
METHODS = ("pm_card_visa", "pm_card_visa", "pm_refund_pending", "pm_refund_fails")

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.timeout(900 + 60 * RANDOM_RUNS),
    pytest.mark.slow,
    pytest.mark.no_cover,
]


class Returns(TimeRules, RefundRules, DisputeRules):
    """Two delivered orders of two products, and everything that may happen to their returns and their money."""

    def __init__(self) -> None:
        super().__init__()
        self.products = [ProductFactory.create(sku=sku, stock=STOCK) for sku in ("ONE", "TWO")]
        self.orders: list[Order] = []
        self.operator = operator()
        self.audit = AuditOfChanges()
        self._states = self.around.enter_context(watched())

    def teardown(self) -> None:
        try:
            self.come_to_rest()
            assert not self._states.forbidden
        finally:
            self.audit.end()
            circuit_breaker.forget()
            super().teardown()
            flush()

    @initialize(
        methods=st.tuples(st.sampled_from(METHODS), st.sampled_from(METHODS)),
        is_lost=st.booleans(),
        lost_share=st.sampled_from([0.0, 0.5, 1.0]),
        all_comes_back=st.booleans(),
    )
    def delivers(self, methods: tuple[str, str], is_lost: bool, lost_share: float, all_comes_back: bool) -> None:
        """The bank may reserve nothing any more when the first order is to be captured, so that it is written off.

        Of the second order, a dispute may have taken some or all of the money before anything comes back.
        """
        for method, city in zip(methods, ("Bern", "Flakytown"), strict=True):
            lines = [LineWanted(product.sku, pieces) for product, pieces in zip(self.products, (3, 1), strict=True)]
            self.orders.append(place(lines=lines, payment_method=method, city=city))
        while (message := pending().exclude(task=CapturePayment.task).first()) is not None:
            publish(message)
            deliver(message)
        if is_lost:
            charge = GatewayCharge.objects.get(idempotency_key=str(self.orders[0].payments.get().pk))
            simulated_charges.void(reference=charge.reference)
        deliver_all(limit=1000)
        write_off_what_is_lost()
        self._lose(self.orders[1], lost_share)
        self._all_comes_back = all_comes_back

    # -- shopper ------------------------------------------------------------------------------------------------------

    @rule(data=st.data(), pieces=PIECES)
    def asks(self, data: st.DataObject, pieces: tuple[int, int]) -> None:
        self._ask(data.draw(st.sampled_from(self.orders)), pieces)

    @rule(data=st.data(), pieces=PIECES)
    def asks_and_sends_at_once(self, data: st.DataObject, pieces: tuple[int, int]) -> None:
        order = data.draw(st.sampled_from(self.orders))
        self._ask(order, pieces)
        if (found := order.returns.filter(status=ReturnStatus.REQUESTED).first()) is not None:
            self._receive(data, found)

    @rule(data=st.data(), by=st.sampled_from(["customer", "staff"]))
    def cancels(self, data: st.DataObject, by: str) -> None:
        if (found := one_of(data, Return.objects.all())) is not None:
            with suppress(AlreadyDecided), outbox.transaction():
                services.cancel_return(found=found, by=by)

    # -- office -------------------------------------------------------------------------------------------------------

    @rule(data=st.data())
    def receives(self, data: st.DataObject) -> None:
        if (found := one_of(data, Return.objects.all())) is not None:
            self._receive(data, found)

    @rule(data=st.data(), share=st.sampled_from([0.1, 0.5, 1.0]))
    def refunds(self, data: st.DataObject, share: float) -> None:
        order = data.draw(st.sampled_from(self.orders))
        with suppress(NothingToRefund), outbox.transaction():
            refund_order(order=order, amount=round(order.total * share), request_id=uuid.uuid4(), by=Trusted("ann"))

    @rule()
    def gateway_captures_after_all(self) -> None:
        """What was reserved when the payment was written off, before it could be voided."""
        for payment in Payment.objects.filter(failure_code=WRITTEN_OFF):
            GatewayCharge.objects.filter(idempotency_key=str(payment.pk)).update(
                state=GatewayCharge.State.AUTHORISED, is_captured=True
            )
            report(GatewayCharge.objects.get(idempotency_key=str(payment.pk)))

    @rule(data=st.data())
    def a_bank_decides_once_more(self, data: st.DataObject) -> None:
        dispute = one_of(data, GatewayDispute.objects.exclude(status__in=UNDECIDED).filter(is_inquiry=False))
        if dispute is None or (dispute.status != DisputeState.LOST and dispute.amount > room(dispute.charge)):
            return
        dispute.status = DisputeState.WON if dispute.status == DisputeState.LOST else DisputeState.LOST
        dispute.save()
        report_dispute(dispute)

    # -- workers and network ------------------------------------------------------------------------------------------

    @rule(data=st.data(), count=st.integers(1, 6))
    def works_off_messages(self, data: st.DataObject, count: int) -> None:
        for _ in range(count):
            if (message := one_of(data, pending())) is None:
                return
            publish(message)
            deliver(message)

    @rule(data=st.data())
    def loses_a_worker(self, data: st.DataObject) -> None:
        if (message := one_of(data, pending())) is not None:
            publish(message)

    @rule(data=st.data())
    def delivers_again(self, data: st.DataObject) -> None:
        if (message := one_of(data, Message.objects.filter(sends__gt=0))) is not None:
            deliver(message, redelivered=True)

    # -- invariants ---------------------------------------------------------------------------------------------------

    @invariant()
    def nothing_is_broken(self) -> None:
        assert self.audit.broken().keys() <= set(LEFT_TO_OPERATORS)
        assert not self._states.forbidden

    @invariant()
    def stock_is_what_nobody_has(self) -> None:
        for product, pieces in zip(self.products, (3, 1), strict=True):
            back = ReturnLine.objects.filter(order_line__sku=product.sku).aggregate(n=Sum("restocked"))["n"] or 0
            assert Product.objects.get(pk=product.pk).stock == STOCK - pieces * len(self.orders) + back

    def come_to_rest(self) -> None:
        self.gateway_captures_after_all()
        for message in Message.objects.filter(state="sent"):
            deliver(message, redelivered=True)
        decide_all_disputes()
        deliver_all(limit=1000)
        self.everything_is_requested()
        if self._all_comes_back:
            self.everything_is_returned()
        else:
            self.nothing_else_comes()
        self.banks_decide_once_more()
        deliver_all(limit=1000)
        finish_refunds()
        run_periodic("shop.follow_returns")
        assert broken().keys() <= {REFUNDED_ONCE}
        assert not Return.objects.filter(status=ReturnStatus.RECEIVED).exists()
        assert not Refund.objects.filter(status__in=OPEN).exists()
        cancelled = Return.objects.filter(status=ReturnStatus.CANCELLED).values("number")
        assert not CarrierParcel.objects.filter(idempotency_key__in=cancelled, cancelled_at=None).exists()
        for order in self.orders:
            order.refresh_from_db()
            assert order.status in (Status.DELIVERED, Status.REFUNDED)
            given = order.returns.aggregate(n=Sum("amount"))["n"] or 0
            assert given <= Payment.objects.get(order=order).amount
        assert_money_adds_up()

    @staticmethod
    def _ask(order: Order, pieces: tuple[int, int]) -> None:
        lines = dict(zip(order.lines.values_list("pk", flat=True), pieces, strict=True))
        with suppress(ReturnRefused), outbox.transaction():
            services.request_return(order=order, lines=lines, reason="other")

    def _receive(self, data: st.DataObject, found: Return) -> None:
        decisions = {line.pk: self._decision(data, line) for line in found.lines.order_by("pk")}
        with suppress(AlreadyDecided, NothingToRefund, RefundBlocked), outbox.transaction():
            services.receive_return(found=found, decisions=decisions, rejection="It was used.", by=self.operator)

    @staticmethod
    def _lose(order: Order, share: float) -> None:
        charge = GatewayCharge.objects.get(idempotency_key=str(order.payments.get().pk))
        if amount := round(room(charge) * share):
            dispute = simulated_disputes.open_dispute(charge_reference=charge.reference, amount=amount)
            simulated_disputes.decide(reference=dispute.reference, state=DisputeState.LOST)
            report_dispute(dispute)
            deliver_all(limit=1000)

    def everything_is_requested(self) -> None:
        for order in self.orders:
            lines = {each.line.pk: each.left for each in returnable_lines(order=order) if each.left}
            with suppress(ReturnRefused), outbox.transaction():
                services.request_return(order=order, lines=lines, reason="other")
        deliver_all(limit=1000)

    def everything_is_returned(self) -> None:
        for found in Return.objects.filter(status=ReturnStatus.REQUESTED):
            accepted = {line.pk: Decision(line.quantity, line.quantity) for line in found.lines.all()}
            with suppress(NothingToRefund, RefundBlocked), outbox.transaction():
                services.receive_return(found=found, decisions=accepted, rejection="", by=self.operator)
        deliver_all(limit=1000)

    @staticmethod
    def nothing_else_comes() -> None:
        for found in Return.objects.filter(status=ReturnStatus.REQUESTED):
            with outbox.transaction():
                services.cancel_return(found=found, by="expired")

    @staticmethod
    def banks_decide_once_more() -> None:
        """Nothing stays lost."""
        for dispute in GatewayDispute.objects.filter(status=DisputeState.LOST):
            GatewayDispute.objects.filter(pk=dispute.pk).update(status=DisputeState.WON)
            report_dispute(dispute)

    @staticmethod
    def _decision(data: st.DataObject, line: ReturnLine) -> Decision:
        accepted = data.draw(st.sampled_from([line.quantity, line.quantity, *range(line.quantity)]))
        return Decision(accepted=accepted, restocked=data.draw(st.integers(0, accepted)))


def test_invariants_hold_under_any_interleaving_of_returns_and_refunds():
    settings = hypothesis.settings(
        max_examples=RANDOM_RUNS or fuzzing.examples(20),
        stateful_step_count=25,
        deadline=None,
        derandomize=not RANDOM_RUNS,
        database=None,
        suppress_health_check=list(hypothesis.HealthCheck),
    )
    with override_settings(CONVEYOR_CIRCUIT_SECONDS=0.1, CONVEYOR_TRANSIT_SECONDS=0, CONVEYOR_TRACK_SECONDS=0):
        run_state_machine_as_test(Returns, settings=settings)
