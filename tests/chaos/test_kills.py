"""Worker kills: one charge, one refund and one shipment, whichever step the worker dies at.

One test covers all steps, both kinds of death and both backends; tests of one backend share a stack.
"""

from collections.abc import Iterator
from typing import Any

import pytest

from messaging.models import Message, State
from payments.models import GatewayCharge, GatewayRefund, Payment, Refund
from shipping.models import CarrierParcel, Shipment
from tests.conftest import STACKS
from tests.kill_points.apps import AFTER_CALL, AFTER_COMMIT, BEFORE_CALL, arm
from tests.stack import BACKENDS, Stack

ENV = {
    "DJANGO_SETTINGS_MODULE": "tests.kill_points.settings",
    "CONVEYOR_VISIBILITY": "6",  # Valkey returns a dead worker's message only then
}


@pytest.fixture(scope="module", params=BACKENDS)
def kill_stack(request: pytest.FixtureRequest, django_db_blocker: Any) -> Iterator[Stack]:
    stack = Stack(request.param, blocker=django_db_blocker, env=ENV, workers={"payments,shipping": 2})
    try:
        yield stack.start()
    finally:
        stack.remove()


def charge_order(stack: Stack) -> dict[str, Any]:
    order = stack.order()
    return wait_survived(stack, order, "shipped", "delivered")


def refund_order(stack: Stack) -> dict[str, Any]:
    order = stack.order()
    wait_survived(stack, order, "delivered")
    body = {"amount": order["total"]["amount"], "reason": "arrived late"}
    path = f"orders/{order['public_id']}/refunds/"
    assert stack.api("POST", path, json=body, token=stack.token("admin"))[0] == 200
    return wait_survived(stack, order, "refunded")


def ship_order(stack: Stack) -> dict[str, Any]:
    return wait_survived(stack, stack.order(), "shipped", "delivered")


def wait_survived(stack: Stack, order: dict[str, Any], *statuses: str) -> dict[str, Any]:
    """The order once it reaches one of `statuses` in spite of the kill; dead workers are restarted meanwhile."""

    def arrived() -> bool:
        restart_worker_if_dead(stack)
        return stack.api("GET", f"orders/{order['public_id']}/")[1]["status"] in statuses

    stack.wait_for(arrived, what=f"order {order['number']} is {statuses}")
    return order


def restart_worker_if_dead(stack: Stack) -> None:
    """What a supervisor does. The kill may strike at any time, also before a restarted worker is ready."""
    worker = stack.worker("payments")
    if not worker.running:
        worker.kill()
        worker.start(wait=False)


OPERATIONS = {"charge": charge_order, "refund": refund_order, "book": ship_order}


@pytest.mark.parametrize("victim", ["child", "worker"])
@pytest.mark.parametrize("step", [BEFORE_CALL, AFTER_CALL, AFTER_COMMIT])
@pytest.mark.parametrize("operation", OPERATIONS)
def test_a_kill_at_any_step_leaves_one_charge_one_refund_one_shipment(kill_stack, operation, step, victim, request):
    request.node.stash[STACKS] = [kill_stack]
    armed = arm(kill_stack.folder, f"{operation}.{step}", victim)
    order = OPERATIONS[operation](kill_stack)
    kill_stack.wait_for(
        lambda: is_settled(kill_stack, order) and not armed.exists(),
        what="the kill point fired and the order is settled",
    )
    assert_done_once(kill_stack, order, is_refunded=operation == "refund")
    assert kill_stack.audit() == []


def is_settled(stack: Stack, order: dict[str, Any]) -> bool:
    """Whether no message of the order is live, tracking and e-mails aside."""
    restart_worker_if_dead(stack)
    with stack.db() as database:
        live = Message.objects.using(database).live().filter(subject=order["number"])
        return not live.exclude(task__in=("shipping.track_shipment", "orders.send_email")).exists()


def assert_done_once(stack: Stack, order: dict[str, Any], *, is_refunded: bool) -> None:
    """Compare the records of shop, gateway and carrier."""
    with stack.db() as database:
        payment = Payment.objects.using(database).get(order__number=order["number"])
        charges = GatewayCharge.objects.using(database).filter(idempotency_key=str(payment.pk))
        assert charges.get().reference == payment.gateway_reference
        gateway_refunds = GatewayRefund.objects.using(database).filter(charge=charges.get())
        refunds = Refund.objects.using(database).filter(payment=payment)
        assert (gateway_refunds.count(), refunds.count()) == ((1, 1) if is_refunded else (0, 0))
        parcels = CarrierParcel.objects.using(database).filter(idempotency_key=order["number"])
        shipments = Shipment.objects.using(database).filter(order__number=order["number"])
        assert (parcels.count(), shipments.count()) == (1, 1)
        dead = Message.objects.using(database).filter(subject=order["number"], state=State.DEAD)
        assert not dead.exists()
