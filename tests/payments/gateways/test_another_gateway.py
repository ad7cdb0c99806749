"""`PAYMENT_GATEWAY` changed while payments are under way: the new gateway is asked for nothing that the old one has."""

from typing import Any

import pytest

from messaging.models import Message, State
from messaging.operations.actions import retry
from messaging.operations.permissions import Actor
from payments.gateways import AnotherGateway, OutcomeUnknown, gateway
from payments.gateways.simulated import SimulatedGateway
from payments.models import GatewayCharge, Payment, PaymentStatus
from payments.payloads import Reconcile
from payments.reconciliation import ask_gateway
from payments.reconciliation_run import Run
from shop.order_pages.services import cancel
from tests.delivery import claim_task, deliver, deliver_all, deliver_due, make_due
from tests.factories import place
from tests.payments.outcomes import CAPTURE, CHARGE, REFUND, VOID, is_sound
from tests.payments.refunds.refunding import delivered, start_refund

pytestmark = pytest.mark.django_db(transaction=True)


class Earlier(SimulatedGateway):
    """The gateway that payments are begun at. Loses the reply to each charge that it authorises."""

    def authorise(self, **kwargs: Any) -> Any:
        super().authorise(**kwargs)
        raise OutcomeUnknown("The reply was lost.", concerns_all=False)


EARLIER = f"{__name__}.Earlier"


def die(settings: Any, task: str) -> Message:
    """The task's message, delivered until it is dead."""
    for _ in range(settings.CONVEYOR_RETRY_MAX_ATTEMPTS):
        make_due(task=task)
        deliver_due()
    return Message.objects.get(task=task, state=State.DEAD)


def test_a_charge_whose_reply_was_lost_is_not_made_again_at_another_gateway(settings):
    settings.PAYMENT_GATEWAY = EARLIER
    order = place()
    assert deliver(claim_task(task=CHARGE)) == State.PENDING
    settings.PAYMENT_GATEWAY = "simulated"
    GatewayCharge.objects.update(idempotency_key="of another gateway")
    message = die(settings, CHARGE)
    assert message.error_type.endswith("AnotherGateway")
    assert "Earlier" in message.error_message
    assert GatewayCharge.objects.count() == 1

    GatewayCharge.objects.update(idempotency_key=str(order.payments.get().pk))
    settings.PAYMENT_GATEWAY = EARLIER
    retry(ids=[message.pk], actor=Actor.system("operator"))
    deliver_all()
    order.refresh_from_db()
    assert (order.status, GatewayCharge.objects.count()) == ("delivered", 1)
    assert is_sound()


@pytest.mark.parametrize("task", [CAPTURE, VOID, REFUND])
def test_another_gateway_captures_voids_and_refunds_nothing(settings, task):
    order = delivered() if task == REFUND else place()
    if task != REFUND:
        assert deliver(claim_task(task=CHARGE)) == State.DONE
    if task == VOID:
        cancel(order=order)
    if task == REFUND:
        start_refund(order, 700)
    Payment.objects.update(gateway="Earlier")
    assert die(settings, task).error_type.endswith("AnotherGateway")


def test_what_an_older_release_began_belongs_to_the_configured_gateway():
    payment = place().payments.get()
    assert payment.gateway == "SimulatedGateway"
    Payment.objects.update(gateway="")
    assert deliver(claim_task(task=CHARGE)) == State.DONE
    payment.refresh_from_db()
    assert payment.status == PaymentStatus.AUTHORISED


def test_the_path_of_the_configured_gateway_is_the_same_gateway(settings):
    payment = place().payments.get()
    settings.PAYMENT_GATEWAY = "payments.gateways.simulated.SimulatedGateway"
    assert gateway(of=payment.gateway).methods() == SimulatedGateway().methods()


def test_reconciliation_misses_no_capture_at_the_configured_gateway_that_another_has():
    order = delivered()
    Payment.objects.update(gateway="Earlier", confirmed_at=None)
    GatewayCharge.objects.all().delete()
    assert Run.of(Reconcile()).compare_captured() == 0
    with pytest.raises(AnotherGateway):
        ask_gateway(key=order.payments.get().pk)
