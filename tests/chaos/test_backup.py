"""A backup made while the shop works, and restored later: docs/how-to/back-up-and-restore.md, step by step.

Gateway and carriers are not restored: they keep what they did after the backup, as real ones do.
"""

import pytest

from messaging.models import Message, State
from orders.models import Order
from payments.models import GatewayCall, GatewayCharge, GatewayDispute, GatewayRefund, Payment
from shipping.models import CarrierCall, CarrierParcel
from tests.stack.orders import FINISHED, assert_once, finished, place, wait_finished

OUTSIDE = [
    model._meta.db_table
    for model in (GatewayCall, GatewayCharge, GatewayDispute, GatewayRefund, CarrierCall, CarrierParcel)
]
RECONCILE = """
from messaging import outbox
from payments.payloads import Reconcile
with outbox.transaction():
    outbox.enqueue(Reconcile())
"""
REFUND = """
import uuid
from payments.gateways import gateway
from payments.models import GatewayCharge
for charge in GatewayCharge.objects.filter(reference__in={references}):
    gateway().refund(idempotency_key=str(uuid.uuid4()), charge_reference=charge.reference, amount=charge.amount)
"""


def test_a_restored_backup_agrees_with_gateway_and_carriers(make_stack, request, tmp_path):
    if request.node.callspec.params["make_stack"] != "production":
        pytest.skip("a backup of SQLite is a copy of its file")
    stack = make_stack(
        own_broker=False, beat=False, env={"CONVEYOR_GATEWAY_LATENCY": "1.5", "CONVEYOR_VISIBILITY": "10"}
    )
    kept = place(stack, 6)
    stack.wait_for(lambda: shipped(stack, kept), what="some orders are shipped")
    shipping = stack.worker("shipping")
    shipping.stop()
    kept += place(stack, 4)
    backup = stack.database.dump(tmp_path / "shop.dump")
    assert not finished(stack, kept)
    shipping.start()
    lost = place(stack, 3)
    wait_finished(stack, [*kept, *lost])
    stack.wait_for(lambda: not uncaptured(stack, lost), what="the lost orders' payments are captured")
    charges = charges_of(stack, lost)

    restore(stack, backup, outside=tmp_path / "outside.dump")
    wait_finished(stack, kept)
    with stack.db() as alias:
        assert not Order.objects.using(alias).filter(number__in=lost).exists()
        assert not Message.objects.using(alias).filter(state=State.DEAD).exists()
    assert len(charges) == len(lost)
    assert {broken["invariant"] for broken in stack.audit()} == {
        "the gateway's charges are recorded",
        "the carrier's parcels have a shipment",
    }

    settle(stack, charges)
    with stack.db() as alias:  # what the gateway and the carrier do with them is theirs
        CarrierParcel.objects.using(alias).filter(idempotency_key__in=lost).delete()
        GatewayRefund.objects.using(alias).filter(charge__reference__in=charges).delete()
        GatewayCharge.objects.using(alias).filter(reference__in=charges).delete()
    assert_once(stack, kept)


def restore(stack, backup, *, outside) -> None:
    """Bring back the shop and its broker, which is empty then, but neither gateway nor carriers."""
    for program in stack.programs:
        program.stop()
    stack.database.dump(outside, tables=OUTSIDE)
    stack.database.restore(backup)
    stack.database.replace(outside, tables=OUTSIDE)
    stack.broker.remove()
    stack.broker.start()
    for program in stack.programs:
        program.start()


def settle(stack, charges: set[str]) -> None:
    """What an operator does about charges of orders that are lost."""
    run(stack, RECONCILE)
    stack.wait_for(lambda: len(dead(stack)) == len(charges), what="each lost order's charge is reported")
    for message in dead(stack):
        assert "but no payment is known for it" in message.error_message
    assert {message.payload["reference"] for message in dead(stack)} == charges
    run(stack, REFUND.format(references=charges))
    retried = stack.manage("dlq", "retry", "--all", "--task", "payments.compare_payment")
    assert retried.returncode == 0, retried.stdout + retried.stderr
    stack.wait_for(lambda: not dead(stack), what="what was refunded is settled")


def shipped(stack, numbers: list[str]) -> bool:
    with stack.db() as alias:
        return Order.objects.using(alias).filter(number__in=numbers, status__in=FINISHED).exists()


def uncaptured(stack, numbers: list[str]) -> bool:
    """A parcel may be delivered before the capture that its booking requested."""
    with stack.db() as alias:
        return Payment.objects.using(alias).filter(order__number__in=numbers, captured_at=None).exists()


def charges_of(stack, numbers: list[str]) -> set[str]:
    """References of these orders' charges at the gateway."""
    with stack.db() as alias:
        payments = Payment.objects.using(alias).filter(order__number__in=numbers)
        return set(payments.values_list("gateway_reference", flat=True))


def dead(stack) -> list[Message]:
    with stack.db() as alias:
        return list(Message.objects.using(alias).filter(state=State.DEAD))


def run(stack, code: str) -> None:
    done = stack.manage("shell", "--no-imports", "-c", code)
    assert done.returncode == 0, done.stderr
