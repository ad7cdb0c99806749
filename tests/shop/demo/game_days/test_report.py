"""The report finds what was lost, doubled, detected and recovered; a plan repeats itself."""

from datetime import timedelta

import pytest
from django.core.management import CommandError, call_command
from django.utils import timezone

from messaging import circuit_breaker, simulated_outages, transitions
from messaging.models import Message
from messaging.operations.models import Alert
from messaging.transitions.failure import worker_lost
from orders.models import Order
from payments.gateways.simulated import NAME
from shipping.models import CarrierParcel
from shop.demo.game_days import report, scenarios
from shop.demo.game_days.kinds import KINDS
from shop.demo.game_days.scenarios import SCENARIOS
from shop.models import Fault
from tests.delivery import deliver_all, deliver_due
from tests.factories import place

pytestmark = pytest.mark.django_db(transaction=True)


def measured(*orders: Order, began_ago: int = 60, ended_ago: int = 0) -> report.Report:
    now = timezone.now()
    return report.measure(
        numbers=[order.number for order in orders],
        began_at=now - timedelta(seconds=began_ago),
        ended_at=now - timedelta(seconds=ended_ago),
    )


def test_orders_under_way_are_not_lost_and_nothing_has_recovered():
    found = measured(place(), place())
    assert (found.orders, found.finished, found.under_way, found.lost, found.doubled) == (2, 0, 2, 0, 0)
    assert found.recovered_after is None
    assert found.detected is None
    assert not found.is_clean


def test_shipped_orders_have_recovered_by_the_time_of_the_last_one():
    orders = [place(), place()]
    ended_at = timezone.now()
    deliver_all()
    found = report.measure(
        numbers=[order.number for order in orders], began_at=ended_at - timedelta(seconds=9), ended_at=ended_at
    )
    assert (found.finished, found.under_way) == (2, 0)
    assert found.recovered_at > ended_at
    assert found.is_clean


def test_an_order_whose_message_is_gone_is_lost():
    order = place()
    Message.objects.filter(subject=order.number).delete()
    found = measured(order, place())
    assert found.lost == 1
    assert not found.is_clean


def test_a_parcel_booked_with_two_carriers_is_doubled():
    order = place()
    deliver_all()
    booked = CarrierParcel.objects.get()
    CarrierParcel.objects.create(
        carrier="Other", idempotency_key=booked.idempotency_key, tracking_number="X1", city="Bern"
    )
    found = measured(order)
    assert found.doubled == 2
    assert not found.is_clean


def test_the_first_failure_detects_and_the_first_alert_alerts():
    order = place()
    simulated_outages.begin(name=NAME, seconds=60)
    try:
        deliver_due()
    finally:
        simulated_outages.end(name=NAME)
        circuit_breaker.forget()
    Alert.objects.create(key="old", text="An older one.", raised_at=timezone.now() - timedelta(hours=1))
    Alert.objects.create(key="new", text="The gateway fails.", raised_at=timezone.now())
    found = measured(order, began_ago=5)
    assert found.detected.text == "failed attempt of payments.charge_payment: GatewayUnavailable"
    assert 0 < found.detected_after <= 60
    assert found.alerted.text == "The gateway fails."


def test_an_order_with_a_dead_letter_is_told_apart():
    order = place(payment_method="pm_bug")
    deliver_due()
    found = measured(order)
    assert (found.dead, found.under_way, found.lost) == (1, 0, 0)


def test_a_message_that_was_sent_again_is_a_sign():
    order = place()
    Message.objects.filter(subject=order.number, task="payments.charge_payment").update(
        state="sent", sends=2, sent_at=timezone.now()
    )
    found = measured(order)
    assert (found.detected.text, found.redelivered) == ("payments.charge_payment was sent again", 1)


def test_a_killed_worker_is_detected_and_recovers_with_the_orders_that_waited_for_it():
    killed_at = timezone.now() - timedelta(seconds=20)
    back_at, works_at = killed_at + timedelta(seconds=1), killed_at + timedelta(seconds=5)
    waited, later = place(), place()
    deliver_all()
    for order, placed_at, shipped_at in (
        (waited, back_at + timedelta(seconds=2), works_at + timedelta(seconds=1)),
        (later, works_at + timedelta(seconds=2), works_at + timedelta(seconds=3)),
    ):
        Order.objects.filter(pk=order.pk).update(placed_at=placed_at)
        order.events.filter(kind="shipped").update(at=shipped_at)
        Message.objects.filter(subject=order.number, queue="payments").update(started_at=max(works_at, placed_at))
    Fault.objects.create(kind="worker-killed", target="worker-payments", began_at=killed_at, ends_at=back_at)
    found = report.measure(numbers=[waited.number, later.number], began_at=killed_at, ended_at=back_at)
    assert (found.detected.text, found.detected_after) == ("the supervisor restarted worker-payments", 1)
    assert found.recovered_after == 5
    assert found.is_clean


def test_what_a_killed_worker_held_counts_as_redelivered():
    order = place()
    message = Message.objects.get(subject=order.number, task="payments.charge_payment")
    failure = worker_lost(task=message.task)
    Message.objects.filter(pk=message.pk).update(state="sent", sends=1, sent_at=timezone.now())
    transitions.reopen(message_id=message.pk, sends=1, lost=failure, limit=5)
    assert measured(order).redelivered == 1
    assert measured(order, place()).redelivered == 1


def test_a_plan_repeats_itself_and_another_seed_gives_another():
    for scenario in SCENARIOS.values():
        first, again, other = (
            scenarios.plan(scenario=scenario, seed=seed, orders=20, seconds=10) for seed in (7, 7, 8)
        )
        assert first == again
        assert first != other
        assert len(first.orders) == 20
        assert first.faults
        assert {fault.kind for fault in first.faults} <= set(KINDS)
        assert all(fault.seconds is None or fault.seconds <= KINDS[fault.kind].most for fault in first.faults)


def test_the_scenarios_are_listed(capsys):
    call_command("gameday", "--list")
    listed = capsys.readouterr().out
    assert {"gateway-outage", "slow-gateway", "worker-killed", "broker-wiped"} <= set(SCENARIOS)
    assert all(name in listed for name in SCENARIOS)


@pytest.mark.parametrize(
    ("arguments", "error"),
    [
        ([], "Name a scenario"),
        (["moon"], "invalid choice"),
        (["gateway-outage", "--seconds", "0"], "--seconds"),
        (["gateway-outage", "--seconds", "nan"], "--seconds"),
        (["gateway-outage", "--orders", "501"], "--orders"),
        (["gateway-outage", "--patience", "-1"], "--patience"),
        (["gateway-outage"], "make run"),
    ],
)
def test_a_game_day_that_cannot_be_run_is_refused_with_the_reason(arguments, error, no_broker):
    with pytest.raises(CommandError, match=error):
        call_command("gameday", *arguments)


def test_outside_demo_mode_a_game_day_is_refused(settings):
    settings.CONVEYOR_DEMO = False
    with pytest.raises(CommandError, match="demo mode only"):
        call_command("gameday", "gateway-outage")
