"""What has gone wrong in the shop in which the operators' desk is looked at? Run in `manage.py shell` on its database.

The bank was away for some hours, the carrier does not know a street, a mail server refuses an address, and so on: dead
messages with a past, so that groups have trends, and the desk has something to order.
"""

import json
import math
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction
from django.utils import timezone

from messaging.models import Attempt, Message, State
from messaging.models.uuid7 import uuid7
from messaging.operations import actions
from messaging.operations.models import FailureGroup, FailureHour, GroupState
from messaging.operations.permissions import Actor
from messaging.transitions.failure import fingerprint
from orders.models import Order
from payments.models import Payment
from shop.models import Product


@dataclass(frozen=True, kw_only=True)
class Kind:
    """So many messages of `task` died; most of them `peak` hours ago, the others within `width` hours around that."""

    task: str
    queue: str
    key: str
    error: str
    text: str
    count: int
    peak: int
    width: int
    tries: int = 5
    payload: dict[str, Any] = field(default_factory=dict)


KINDS = (
    Kind(
        task="payments.charge_payment", queue="payments", key="payment.charge.normal", count=112, peak=7, width=3,
        error="payments.gateways.base.GatewayUnavailable", text="The bank did not answer within 5 seconds.",
        payload={"payment_id": "018f7a10-0000-7000-8000-000000000000"},
    ),
    Kind(
        task="shipping.create_shipment", queue="shipping", key="shipment.create.normal", count=23, peak=30,
        width=14,
        error="shipping.carriers.base.CarrierUnavailable", text="503: maintenance until 18:00",
        payload={"order_id": 0},
    ),
    Kind(
        task="orders.send_email", queue="notifications", key="notification.send.low",
        count=9, peak=50, width=60, tries=1,
        error="smtplib.SMTPRecipientsRefused", text="550 mailbox of robin.baker@example.com is full",
        payload={"order_id": 0, "kind": "paid"},
    ),
    Kind(
        task="orders.send_email", queue="notifications", key="notification.send.low",
        count=2, peak=2, width=1, tries=1,
        error="messaging.payloads.PayloadInvalid", text="kind: Input should be 'placed', 'paid' or 'shipped'",
        payload={"order_id": 0, "kind": "shiped"},
    ),
    Kind(
        task="payments.compare_payment", queue="payments", key="payment.compare.low", count=1, peak=90, width=1,
        error="messaging.worker.WorkerLost", text="Its worker was lost at the third delivery.",
        payload={"payment_id": "018f7a10-0000-7000-8000-000000000000"},
    ),
)  # fmt: skip


def happen(*, lost: str) -> None:
    """All of it; prints where examples are, as JSON. `lost` is the public id of an order whose parcel is lost."""
    order = Order.objects.latest("pk")
    for kind in KINDS:
        _fail(kind, order_id=order.pk)
    _know_about_them()
    dead = Message.objects.filter(state=State.DEAD)
    examples = {
        "group": _fingerprint(KINDS[0]),
        "failure": str(dead.filter(error_type="RuntimeError").latest("finished_at").pk),
        "mistyped": str(dead.filter(error_type__endswith="PayloadInvalid")[0].pk),
        "order": _retried_order().pk,
        **_of_the_parcel(Order.objects.get(public_id=lost)),
    }
    print(json.dumps(examples))  # noqa: T201 - its caller reads it


def _of_the_parcel(order: Order) -> dict[str, Any]:
    sku = order.lines.values_list("sku", flat=True)[0]
    return {
        "lost": order.pk,
        "shipment": str(order.shipments.latest("shipped_at").pk),
        "product": Product.objects.get(sku=sku).pk,
    }


def _retried_order() -> Order:
    """One whose charge was sent again, and went well."""
    replayed = Message.objects.filter(state=State.DONE, replayed_from__gt=0, task="payments.charge_payment")
    return Order.objects.get(number=replayed.earliest("pk").subject)


def mend(*, but: str) -> None:
    """The bug that charges met is no more, save for the order with the public id `but`."""
    Payment.objects.filter(method="pm_bug").exclude(order__public_id=but).update(method="pm_card_visa")


def _fail(kind: Kind, *, order_id: int) -> None:
    moments, group = sorted(_moments(kind)), _fingerprint(kind)
    payload = kind.payload | ({"order_id": order_id} if "order_id" in kind.payload else {})
    with transaction.atomic():
        messages = Message.objects.bulk_create(
            Message(
                id=(id_ := uuid7()), correlation_id=id_, task=kind.task, queue=kind.queue, routing_key=kind.key,
                payload=payload, state="dead", subject=f"CV-{26_001_000 + 7 * number}", attempts=kind.tries,
                sends=kind.tries, created_at=at - timedelta(minutes=4), finished_at=at, error_type=kind.error,
                error_message=kind.text, fingerprint=group,
            )
            for number, at in enumerate(moments)
        )  # fmt: skip
        Attempt.objects.bulk_create(
            Attempt(
                message=message, number=number, worker="payments-1@shop", error_type=kind.error,
                error_message=kind.text, started_at=at - timedelta(seconds=9), ended_at=at,
                traceback=f"{kind.error}: {kind.text}", fingerprint=group,
            )
            for message, at in zip(messages, moments, strict=True) for number in range(1, kind.tries + 1)
        )  # fmt: skip
        FailureGroup.objects.create(
            fingerprint=group, task=kind.task, queue=kind.queue, error_type=kind.error, error_message=kind.text,
            example=messages[-1].pk, first_seen=moments[0], last_seen=moments[-1], dead_count=len(messages),
            failures=len(messages) + 3,
        )  # fmt: skip
        hours = [at.replace(minute=0, second=0, microsecond=0) for at in moments]
        FailureHour.objects.bulk_create(
            FailureHour(fingerprint=group, hour=hour, count=hours.count(hour)) for hour in dict.fromkeys(hours)
        )


def _moments(kind: Kind) -> Iterator[datetime]:
    """Dense around the peak, thin at the edges, and never in the future."""
    now = timezone.now()
    for number in range(kind.count):
        share = (number + 0.5) / kind.count * 2 - 1
        hours = max(0.05, kind.peak + kind.width * math.copysign(abs(share) ** 2, share))
        yield now - timedelta(hours=hours)


def _fingerprint(kind: Kind) -> str:
    return fingerprint(kind.error, kind.task, [])


def _know_about_them() -> None:
    operator, bank, carrier = Actor.system("operator"), _fingerprint(KINDS[0]), _fingerprint(KINDS[1])
    note = "The bank was away from 11 to 14 o'clock; its status page says it is mended."
    actions.set_group_state(fingerprint=bank, state=GroupState.ACKNOWLEDGED, actor=operator, note=note)
    actions.annotate_group(
        fingerprint=bank, note=note, runbook="https://example.com/runbooks/bank-away", actor=operator
    )
    actions.set_group_state(
        fingerprint=carrier, state=GroupState.ACKNOWLEDGED, actor=operator, note="Maintenance until 18:00."
    )
