"""Gateway outages: charges are deferred without spending attempts; scripted cards open no circuit."""

from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.utils import timezone

from messaging import circuit_breaker, simulated_outages
from messaging.models import Circuit, Message, State
from messaging.operations import alerts
from orders.models import Order, Status
from orders.timeline import describe
from payments.gateways import gateway
from payments.gateways.simulated import NAME
from payments.models import GatewayCharge, PaymentStatus
from shop.order_pages.services import cancel
from tests.auditing import broken
from tests.delivery import claim_task, deliver, deliver_all, deliver_due, make_due
from tests.factories import place
from tests.payments.gateways.stripe_server import Fault, StripeServer
from tests.payments.outcomes import capture_now

pytestmark = pytest.mark.django_db(transaction=True)
CHARGE = "payments.charge_payment"


@pytest.fixture
def outage() -> Any:
    simulated_outages.begin(name=NAME, seconds=600)
    yield
    simulated_outages.end(name=NAME)


def charge(order: Order) -> Message:
    message = claim_task(task=CHARGE, subject=order.number)
    deliver(message)
    return message


def end() -> None:
    """The outage is over, and the next probe is due."""
    simulated_outages.end(name=NAME)
    Circuit.objects.update(probe_at="2026-01-01T00:00Z")
    circuit_breaker.forget()


def test_orders_wait_while_the_gateway_is_down_and_are_paid_once_it_is_back(outage):
    orders = [place() for _ in range(8)]
    tried = [charge(order) for order in orders]
    assert [message.attempts for message in tried] == [1, 1, 1, 0, 0, 0, 0, 0]
    assert {message.state for message in tried} == {State.PENDING}
    assert Circuit.objects.get().name == NAME
    events = list(orders[-1].events.all())
    assert [event.kind for event in events] == ["placed", "deferred"]
    assert describe(events[-1]) == "The bank is unreachable. Your payment will continue once it is back"
    assert broken() == {}
    end()
    deliver_all()
    assert not Circuit.objects.get().is_open
    assert {order.payments.get().status for order in orders} == {PaymentStatus.CAPTURED}
    assert GatewayCharge.objects.count() == 8
    assert broken() == {}


def test_no_order_fails_however_long_the_outage_lasts(outage, settings):
    settings.CONVEYOR_RETRY_MAX_ATTEMPTS = 5
    orders = [place() for _ in range(4)]
    for order in orders:
        charge(order)
    for _ in range(30):
        Circuit.objects.update(probe_at="2026-01-01T00:00Z")
        circuit_breaker.forget()
        make_due(task=CHARGE)
        deliver_due()
    assert not Message.objects.dead().exists()
    end()
    deliver_all()
    assert set(Order.objects.values_list("status", flat=True)) == {Status.DELIVERED}


def test_scripted_failures_open_no_circuit():
    for method in ("pm_outage", "pm_flaky_2", "pm_lost_reply", "pm_outage", "pm_outage", "pm_outage"):
        charge(place(payment_method=method))
    assert not Circuit.objects.exists()


def test_a_declined_card_closes_the_circuit(outage):
    for _ in range(3):
        charge(place())
    assert Circuit.objects.get().is_open
    end()
    charge(place(payment_method="pm_card_declined"))
    assert not Circuit.objects.get().is_open


def test_refunds_wait_for_the_gateway_too(outage):
    simulated_outages.end(name=NAME)
    order = place()
    charge(order)
    capture_now(order)
    simulated_outages.begin(name=NAME, seconds=600)
    for _ in range(3):
        charge(place())
    cancel(order=order)
    refund = claim_task(task="payments.refund_payment")
    assert deliver(refund) == State.PENDING
    assert (refund.attempts, refund.waits_for) == (0, NAME)
    end()
    deliver_all()
    order.refresh_from_db()
    assert order.status == Status.REFUNDED
    assert broken() == {}


@pytest.mark.parametrize("status", [401, 403])
def test_a_key_that_stripe_refuses_costs_no_attempt_and_alerts(stripe: StripeServer, status: int):
    orders = [place() for _ in range(4)]
    stripe.faults.append(Fault(status))
    tried = [charge(order) for order in orders]
    assert {(message.state, message.attempts) for message in tried} == {(State.PENDING, 0)}
    assert len(stripe.requests) == 1
    assert f"Stripe refuses STRIPE_SECRET_KEY ({status})" in alerts.conditions()["circuit:gateway.stripe"]
    Circuit.objects.update(probe_at="2026-01-01T00:00Z")
    circuit_breaker.forget()
    deliver_all()
    assert {order.payments.get().status for order in orders} == {PaymentStatus.CAPTURED}
    assert broken() == {}


def test_all_calls_except_methods_go_through_the_circuit_breaker():
    Circuit.objects.create(pk=NAME, opened_at="2026-01-01T00:00Z", probe_at="2999-01-01T00:00Z")
    wrapped = gateway()
    calls: list[Any] = [
        lambda: wrapped.authorise(
            idempotency_key="k", amount=1, currency="EUR", method="pm_card_visa", return_url="https://shop.example/"
        ),
        lambda: wrapped.capture(idempotency_key="k", reference="r", amount=1),
        lambda: wrapped.void(reference="r"),
        lambda: wrapped.refund(idempotency_key="k", charge_reference="r", amount=1),
        lambda: wrapped.find_refund(idempotency_key="k", charge_reference="r"),
        lambda: wrapped.refunds(charge_reference="r"),
        lambda: wrapped.fetch(idempotency_key="k"),
        lambda: wrapped.records(since=timezone.now()),
    ]
    for call in calls:
        with pytest.raises(circuit_breaker.CircuitOpen):
            call()
    assert wrapped.methods()


def test_the_command_simulates_an_outage_in_demo_mode_only(settings):
    settings.CONVEYOR_DEMO = True
    call_command("outage", NAME, "--seconds", "60")
    assert simulated_outages.is_active(name=NAME)
    call_command("outage", NAME, "--end")
    assert not simulated_outages.is_active(name=NAME)
    with pytest.raises(CommandError, match=r"Choose from: .*gateway\.simulated"):
        call_command("outage", "the moon")
    with pytest.raises(CommandError, match="greater than 0"):
        call_command("outage", NAME, "--seconds", "0")
    settings.CONVEYOR_DEMO = False
    with pytest.raises(CommandError, match="demo mode only"):
        call_command("outage", NAME)
    assert not simulated_outages.is_active(name=NAME)


def test_an_outage_ends_automatically():
    simulated_outages.begin(name=NAME, seconds=-1)
    assert not simulated_outages.is_active(name=NAME)
    simulated_outages.end(name=NAME)
