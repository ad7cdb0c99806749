"""Rules of the state machine test about refunds: asynchronous, failing, from outside, repeated and settled by hand."""

import uuid
from contextlib import suppress

from django.db.models import Sum
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, rule

from messaging import outbox
from messaging.models import Message
from messaging.operations import actions
from messaging.operations.permissions import Actor
from orders.services.operators import Trusted
from payments.errors import RefundUnderWay
from payments.gateways import WebhookEvent, simulated_refunds
from payments.invariants import NO_FAILED_REFUNDS, REFUNDED_ONCE, REFUNDS_HAVE_A_MESSAGE
from payments.models import GatewayCharge, GatewayRefund, Payment, Refund, RefundStatus
from payments.payloads import ComparePayment, RefundPayment
from payments.services import record_event, repeat_refund, settle_refund
from tests.delivery import deliver_all
from tests.shop.any_order.steps import one_of

#: Broken while an operator has something to decide, or a refund was settled by hand that the gateway made later.
LEFT_TO_OPERATORS = (NO_FAILED_REFUNDS, REFUNDS_HAVE_A_MESSAGE, REFUNDED_ONCE)
#: Of operators at the end. Each of a run's few refunds takes one or two.
ROUNDS = 20
_Made = GatewayRefund.Status


class RefundRules(RuleBasedStateMachine):
    @rule(data=st.data(), share=st.sampled_from([0.25, 0.5, 1.0]))
    def somebody_refunds_at_the_gateway(self, data: st.DataObject, share: float) -> None:
        charge = one_of(data, GatewayCharge.objects.all())
        if charge is not None and (amount := round(room(charge) * share)):
            simulated_refunds.make(key="", repeat=0, charge_reference=charge.reference, amount=amount)
            report(charge)

    @rule()
    def gateway_forgets_keys(self) -> None:
        GatewayRefund.objects.update(is_forgotten=True)

    @rule(data=st.data(), shares=st.sampled_from([(), (), (0.5,), (0.6, 0.4), (1.5,)]))
    def a_bank_returns_a_refund(self, data: st.DataObject, shares: tuple[float, ...]) -> None:
        """Somebody makes `shares` of it at the gateway instead: none of them is of its amount."""
        made = one_of(data, GatewayRefund.objects.exclude(status=_Made.FAILED))
        if made is not None:
            GatewayRefund.objects.filter(pk=made.pk).update(status=_Made.FAILED)
            for share in shares:
                if amount := min(round(made.amount * share), room(made.charge)):
                    simulated_refunds.make(key="", repeat=0, charge_reference=made.charge.reference, amount=amount)
            report(made.charge)

    @rule(data=st.data())
    def a_failed_refund_succeeds_late(self, data: st.DataObject) -> None:
        made = one_of(data, GatewayRefund.objects.filter(status=_Made.FAILED))
        if made is not None and made.amount <= room(made.charge):
            GatewayRefund.objects.filter(pk=made.pk).update(status=_Made.DONE)
            report(made.charge)

    @rule(data=st.data(), is_settled=st.booleans())
    def decides_about_a_refund(self, data: st.DataObject, is_settled: bool) -> None:
        refund = one_of(data, Refund.objects.select_related("payment__order"))
        if refund is not None:
            decide = settle_refund if is_settled and fits_by_hand(refund) else repeat_refund
            with suppress(RefundUnderWay), outbox.transaction():
                decide(refund=refund, by=Trusted("ann"), reason="test")


def room(charge: GatewayCharge) -> int:
    """Minor units that can leave the gateway before more than was captured is out, by hand and by banks included."""
    settled = Refund.objects.filter(payment__gateway_reference=charge.reference, status=RefundStatus.SETTLED)
    by_hand = settled.aggregate(n=Sum("amount"))["n"] or 0
    gone = simulated_refunds.refunded(charge) + charge.disputes.at_stake() + by_hand
    return charge.amount - gone if charge.is_captured else 0


def fits_by_hand(refund: Refund) -> bool:
    charge = GatewayCharge.objects.get(reference=refund.payment.gateway_reference)
    return refund.amount <= room(charge)


def report(charge: GatewayCharge) -> None:
    """The gateway sends an event about one of the charge's refunds."""
    key = uuid.UUID(charge.idempotency_key)
    with outbox.transaction():
        record_event(event=WebhookEvent(f"evt_{uuid.uuid4()}", "refund.updated", key, charge.reference))


def finish_refunds() -> None:
    """Operators retry what is dead and repeat what failed, until nothing is owed."""
    for _ in range(ROUNDS):
        dead = Message.objects.dead().filter(task__in=(ComparePayment.task, RefundPayment.task))
        actions.retry(ids=list(dead.values_list("pk", flat=True)), actor=Actor.system("ann"))
        for refund in Refund.objects.filter(status=RefundStatus.FAILED).select_related("payment__order"):
            repeat_refund(refund=refund, by=Trusted("ann"), reason="it failed")
        if not deliver_all(limit=1000):
            return
    raise AssertionError(f"still owed after {ROUNDS} rounds: {[(m.task, m.error_message) for m in dead]}")


def assert_money_adds_up() -> None:
    """Money in is what the shop holds and what was refunded, to the last cent, for each charge."""
    for payment in Payment.objects.exclude(captured_at=None):
        charge = GatewayCharge.objects.get(idempotency_key=str(payment.pk))
        done = payment.refunds.filter(status=RefundStatus.DONE).aggregate(n=Sum("amount"))["n"] or 0
        assert charge.amount == payment.amount
        assert simulated_refunds.refunded(charge) == done
        assert done <= charge.amount
