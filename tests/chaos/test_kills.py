"""Worker kills: one authorisation, capture, void, refund, shipment and return, whichever step the worker dies at.

One test covers all steps, both kinds of death and both backends; tests of one backend share a stack. `make test` kills
once between the effect of each call and its commit, and once between a commit and its acknowledgement; `make chaos`
kills everywhere.
"""

import os
from collections.abc import Iterator
from typing import Any

import pytest

from messaging.models import Message, State
from payments.models import GatewayCharge, GatewayRefund, Payment, Refund
from shipping.models import CarrierParcel, Shipment
from shop.models import Return
from tests.conftest import STACKS
from tests.kill_points.apps import AFTER_CALL, AFTER_COMMIT, BEFORE_CALL, arm
from tests.stack import BACKENDS, Stack

ENV = {
    "DJANGO_SETTINGS_MODULE": "tests.kill_points.settings",
    "CONVEYOR_VISIBILITY": "6",  # Valkey returns a dead worker's message only then
}
QUEUES = {"payments,shipping": 2, "notifications": 1}
#: Of messages that may wait long after everything is done.
WAITING = ("shipping.track_shipment", "orders.send_email", "orders.cancel_unpaid", "payments.compare_payment")
RECEIVE = """
from django.contrib.auth import get_user_model
from messaging.outbox import transaction
from shop.models import Return
from shop.returns.services import Decision, receive_return
found = Return.objects.get(pk="{id}")
decisions = {{line.pk: Decision(accepted=line.quantity, restocked=line.quantity) for line in found.lines.all()}}
with transaction():
    receive_return(found=found, decisions=decisions, rejection="", by=get_user_model().objects.get(username="admin"))
"""


@pytest.fixture(scope="module", params=BACKENDS)
def kill_stack(request: pytest.FixtureRequest, django_db_blocker: Any) -> Iterator[Stack]:
    stack = Stack(request.param, blocker=django_db_blocker, env=ENV, workers=QUEUES)
    try:
        yield stack.start()
    finally:
        stack.remove()


def deliver_order(stack: Stack, step: str, victim: str) -> dict[str, Any]:
    return wait_survived(stack, stack.order(), "delivered")


def cancel_order(stack: Stack, step: str, victim: str) -> dict[str, Any]:
    """While the shopper should confirm the payment."""
    order = wait_survived(stack, stack.order(payment_method="pm_3ds"), "action_required")
    assert stack.api("POST", f"orders/{order['public_id']}/cancel/", json={})[0] == 200
    return order


def refund_order(stack: Stack, step: str, victim: str) -> dict[str, Any]:
    order = wait_survived(stack, stack.order(), "delivered")
    wait_captured(stack, order)
    body = {"amount": order["total"]["amount"], "reason": "arrived late"}
    path = f"orders/{order['public_id']}/refunds/"
    assert stack.api("POST", path, json=body, token=stack.token("admin"))[0] == 200
    return wait_survived(stack, order, "refunded")


def return_order(stack: Stack, step: str, victim: str) -> dict[str, Any]:
    """The worker that books its parcel dies, and then the one that refunds it."""
    order = wait_survived(stack, stack.order(), "delivered")
    wait_captured(stack, order)
    line = {"sku": order["lines"][0]["sku"], "quantity": 1}
    body = {"lines": [line], "reason": "changed_mind"}
    status, answer = stack.api("POST", f"orders/{order['public_id']}/returns/", json=body)
    assert status == 201, answer
    wait_quiet(stack, order)
    armed = arm(stack.folder, f"refund.{step}", victim)
    done = stack.manage("shell", "-c", RECEIVE.format(id=answer["id"]))
    assert done.returncode == 0, done.stderr
    wait_survived(stack, order, "refunded")
    stack.wait_for(lambda: is_quiet(stack, order) and not armed.exists(), what="the refund's kill point fired")
    return order


def wait_survived(stack: Stack, order: dict[str, Any], *statuses: str) -> dict[str, Any]:
    """The order once it reaches one of `statuses` in spite of the kill; dead workers are restarted meanwhile."""

    def arrived() -> bool:
        restart_dead_workers(stack)
        return stack.api("GET", f"orders/{order['public_id']}/")[1]["status"] in statuses

    stack.wait_for(arrived, what=f"order {order['number']} is {statuses}")
    return order


def wait_captured(stack: Stack, order: dict[str, Any]) -> None:
    """A parcel may be delivered before the capture that its booking requested."""

    def is_captured() -> bool:
        with stack.db() as database:
            return (
                Payment.objects.using(database).exclude(captured_at=None).filter(order__number=order["number"]).exists()
            )

    stack.wait_for(is_captured, what=f"order {order['number']} is captured")


def wait_quiet(stack: Stack, order: dict[str, Any]) -> None:
    stack.wait_for(lambda: is_quiet(stack, order), what=f"nothing is to be done for order {order['number']}")


def restart_dead_workers(stack: Stack) -> None:
    """What a supervisor does. The kill may strike at any time, also before a restarted worker is ready."""
    for worker in stack.workers:
        if not worker.running:
            worker.kill()
            worker.start(wait=False)


#: What makes a worker do each call.
OPERATIONS = {
    "authorise": deliver_order,
    "capture": deliver_order,
    "void": cancel_order,
    "refund": refund_order,
    "book": deliver_order,
    "book_return": return_order,
}
STEPS, VICTIMS = (BEFORE_CALL, AFTER_CALL, AFTER_COMMIT), ("child", "worker")
EVERYWHERE = [(operation, step, victim) for operation in OPERATIONS for step in STEPS for victim in VICTIMS]
BRIEFLY = [*((operation, AFTER_CALL, "child") for operation in OPERATIONS), ("capture", AFTER_COMMIT, "worker")]


@pytest.mark.parametrize(
    ("operation", "step", "victim"), EVERYWHERE if os.environ.get("KILLS") == "everywhere" else BRIEFLY
)
def test_a_kill_at_any_step_leaves_one_of_each_effect(kill_stack, operation, step, victim, request):
    request.node.stash[STACKS] = [kill_stack]
    armed = arm(kill_stack.folder, f"{operation}.{step}", victim)
    order = OPERATIONS[operation](kill_stack, step, victim)
    kill_stack.wait_for(
        lambda: is_quiet(kill_stack, order) and not armed.exists(),
        what="the kill point fired and the order is settled",
    )
    assert_done_once(kill_stack, order, operation)
    assert kill_stack.audit() == []


def is_quiet(stack: Stack, order: dict[str, Any]) -> bool:
    """Whether no message of the order is live, other than those that wait."""
    restart_dead_workers(stack)
    with stack.db() as database:
        live = Message.objects.using(database).live().filter(subject=order["number"])
        return not live.exclude(task__in=WAITING).exists()


def assert_done_once(stack: Stack, order: dict[str, Any], operation: str) -> None:
    """Compare the records of shop, gateway and carrier."""
    is_voided, is_returned = operation == "void", operation == "book_return"
    with stack.db() as database:
        payment = Payment.objects.using(database).get(order__number=order["number"])
        charge = GatewayCharge.objects.using(database).get(idempotency_key=str(payment.pk))
        assert charge.reference == payment.gateway_reference
        assert (charge.is_captured, payment.captured_at is not None) == (not is_voided, not is_voided)
        assert (charge.state == GatewayCharge.State.VOIDED) == is_voided
        gateway_refunds = GatewayRefund.objects.using(database).filter(charge=charge)
        refunds = Refund.objects.using(database).filter(payment=payment)
        due = int(is_returned or operation == "refund")
        assert (gateway_refunds.count(), refunds.count()) == (due, due)
        parcels = CarrierParcel.objects.using(database).filter(idempotency_key=order["number"])
        shipments = Shipment.objects.using(database).filter(order__number=order["number"])
        assert (parcels.count(), shipments.count()) == ((0, 0) if is_voided else (1, 1))
        returned = CarrierParcel.objects.using(database).filter(idempotency_key__startswith=f"{order['number']}-R")
        returns = Return.objects.using(database).filter(order__number=order["number"], status="refunded")
        assert (returned.count(), returns.count()) == (int(is_returned), int(is_returned))
        dead = Message.objects.using(database).filter(subject=order["number"], state=State.DEAD)
        assert not dead.exists()
