"""Is each charge, refund and shipment made once, at whatever point of it its worker is killed?

All points, both kinds of death and both backends are driven by one test; a backend's stack serves all of them.
"""

from collections.abc import Iterator
from typing import Any

import pytest

from messaging.models import Message, State
from payments.models import GatewayCharge, GatewayRefund, Payment, Refund
from shipping.models import CarrierParcel, Shipment
from tests.conftest import STACKS
from tests.killing.apps import AFTER_CALL, AFTER_COMMIT, BEFORE_CALL, arm
from tests.stack import BACKENDS, Stack

ENV = {
    "DJANGO_SETTINGS_MODULE": "tests.killing.settings",
    "CONVEYOR_VISIBILITY": "3",
    "CONVEYOR_TASK_TIME_LIMIT": "5",
}


@pytest.fixture(scope="module", params=BACKENDS)
def killing(request: pytest.FixtureRequest, django_db_blocker: Any) -> Iterator[Stack]:
    stack = Stack(request.param, blocker=django_db_blocker, env=ENV, workers={"payments,shipping": 2})
    try:
        yield stack.start()
    finally:
        stack.remove()


def charge(stack: Stack) -> dict[str, Any]:
    order = stack.order()
    return await_death(stack, order, "shipped", "delivered")


def refund(stack: Stack) -> dict[str, Any]:
    order = stack.order()
    await_death(stack, order, "delivered")
    wanted = {"amount": order["total"]["amount"], "reason": "came late"}
    path = f"orders/{order['public_id']}/refunds/"
    assert stack.api("POST", path, json=wanted, token=stack.token("admin"))[0] == 200
    return await_death(stack, order, "refunded")


def book(stack: Stack) -> dict[str, Any]:
    return await_death(stack, stack.order(), "shipped", "delivered")


def await_death(stack: Stack, order: dict[str, Any], *statuses: str) -> dict[str, Any]:
    """Wait until the order has got there all the same. A worker that the test before has killed may still be down."""

    def arrived() -> bool:
        keep_alive(stack)
        return stack.api("GET", f"orders/{order['public_id']}/")[1]["status"] in statuses

    stack.wait_for(arrived, 60, what=f"order {order['number']} is {statuses}")
    return order


def keep_alive(stack: Stack) -> None:
    """Start the worker again when it has died, as a supervisor does."""
    worker = stack.worker("payments")
    if not worker.running:
        worker.kill()
        worker.start()


DEEDS = {"charge": charge, "refund": refund, "book": book}


@pytest.mark.parametrize("victim", ["child", "worker"])
@pytest.mark.parametrize("step", [BEFORE_CALL, AFTER_CALL, AFTER_COMMIT])
@pytest.mark.parametrize("deed", DEEDS)
def test_a_kill_at_any_step_leaves_one_charge_one_refund_one_shipment(killing, deed, step, victim, request):
    request.node.stash[STACKS] = [killing]
    armed = arm(killing.folder, f"{deed}.{step}", victim)
    order = DEEDS[deed](killing)
    killing.wait_for(lambda: is_settled(killing, order) and not armed.exists(), 60, what="one died, all is settled")
    once(killing, order, is_refunded=deed == "refund")
    assert killing.audit() == []


def is_settled(stack: Stack, order: dict[str, Any]) -> bool:
    """Whether nothing of the order is under way, but for the look at a parcel that travels."""
    keep_alive(stack)
    with stack.db() as database:
        live = Message.objects.using(database).live().filter(subject=order["number"])
        return not live.exclude(task__in=("shipping.track_shipment", "orders.send_email")).exists()


def once(stack: Stack, order: dict[str, Any], *, is_refunded: bool) -> None:
    """By the records of shop, gateway and carrier."""
    with stack.db() as database:
        payment = Payment.objects.using(database).get(order__number=order["number"])
        charges = GatewayCharge.objects.using(database).filter(idempotency_key=str(payment.pk))
        assert charges.get().reference == payment.gateway_reference
        given_back = GatewayRefund.objects.using(database).filter(charge=charges.get())
        refunds = Refund.objects.using(database).filter(payment=payment)
        assert (given_back.count(), refunds.count()) == ((1, 1) if is_refunded else (0, 0))
        parcels = CarrierParcel.objects.using(database).filter(idempotency_key=order["number"])
        shipments = Shipment.objects.using(database).filter(order__number=order["number"])
        assert (parcels.count(), shipments.count()) == (1, 1)
        dead = Message.objects.using(database).filter(subject=order["number"], state=State.DEAD)
        assert not dead.exists()
