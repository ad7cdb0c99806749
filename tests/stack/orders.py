"""Orders of a stack: placed in numbers, followed to the end, compared with the records of gateway and carrier."""

import uuid
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from messaging.models import Message
from messaging.topology import Priority
from orders.models import Order
from payments.models import GatewayCharge, Payment
from shipping.models import CarrierParcel, Shipment
from tests.stack.stack import Stack

FINISHED = ("shipped", "delivered")


def place(stack: Stack, count: int, **options: Any) -> list[str]:
    """Place `count` orders, four at a time; return their numbers. Takes the options of `Stack.order`."""
    with ThreadPoolExecutor(4) as pool:
        return list(pool.map(lambda _: str(stack.order(**options)["number"]), range(count)))


def acknowledge(stack: Stack, numbers: list[str]) -> None:
    """Enqueue the e-mail about each of these orders, as if its payment had been undecided for a while."""
    with stack.db() as alias:
        for order in Order.objects.using(alias).filter(number__in=numbers):
            Message.objects.using(alias).create(
                task="orders.send_email",
                queue="notifications",
                routing_key="notification.send.low",
                priority=Priority.LOW,
                payload={"order_id": order.pk, "kind": "placed", "amount": 0, "left": 0},
                schema_version=2,
                subject=order.number,
                correlation_id=uuid.uuid4(),
            )


def count_messages(stack: Stack, task: str, numbers: list[str], **only: Any) -> int:
    """How many messages of `task` are about these orders."""
    with stack.db() as alias:
        return Message.objects.using(alias).filter(task=task, subject__in=numbers, **only).count()


def finished(stack: Stack, numbers: list[str]) -> bool:
    with stack.db() as alias:
        return not Order.objects.using(alias).filter(number__in=numbers).exclude(status__in=FINISHED).exists()


def wait_finished(stack: Stack, numbers: list[str]) -> None:
    stack.wait_for(lambda: finished(stack, numbers), what=f"all {len(numbers)} orders are shipped")


def assert_once(stack: Stack, numbers: list[str]) -> None:
    """Exactly one charge and one parcel per order in the records of gateway and carrier."""
    with stack.db() as alias:
        payments = Payment.objects.using(alias).filter(order__number__in=numbers)
        keys = [str(pk) for pk in payments.values_list("pk", flat=True)]
        assert len(keys) == len(numbers)
        assert GatewayCharge.objects.using(alias).filter(idempotency_key__in=keys).count() == len(numbers)
        assert CarrierParcel.objects.using(alias).filter(idempotency_key__in=numbers).count() == len(numbers)
        assert Shipment.objects.using(alias).filter(order__number__in=numbers).count() == len(numbers)
    assert stack.audit() == []
