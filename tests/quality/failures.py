"""Sample failures for screenshots of the operators' pages, created in `manage.py shell` on the stack's database.

A gateway outage of some hours, a carrier's maintenance, a refused e-mail address and others: dead messages spread over
time, so that failure groups have trends.
"""

import json
import math
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from axes.models import AccessAttempt, AccessFailureLog
from django.contrib.admin import autodiscover, site
from django.db import transaction
from django.utils import timezone

from messaging import outbox
from messaging.models import Attempt, Message, State
from messaging.models.uuid7 import uuid7
from messaging.operations import actions
from messaging.operations.models import Alert, FailureGroup, FailureHour, GroupState, Queues
from messaging.operations.permissions import Actor
from messaging.transitions.failure import fingerprint
from orders.models import Order
from payments.models import GatewayEvent, Payment
from payments.payloads import FindDisputes
from shop.models import Fault, Product


@dataclass(frozen=True, kw_only=True)
class SampleFailure:
    """`count` dead messages of `task`, most of them `peak` hours ago, the rest within `width` hours around that."""

    task: str
    queue: str
    key: str
    error: str
    text: str
    count: int
    peak: int
    width: int
    attempts: int = 5
    payload: dict[str, Any] = field(default_factory=dict)


SAMPLES = (
    SampleFailure(
        task="payments.charge_payment", queue="payments", key="payment.charge.normal", count=112, peak=7, width=3,
        error="payments.gateways.base.GatewayUnavailable", text="The gateway did not respond within 5 seconds.",
        payload={"payment_id": "018f7a10-0000-7000-8000-000000000000"},
    ),
    SampleFailure(
        task="shipping.create_shipment", queue="shipping", key="shipment.create.normal", count=23, peak=30,
        width=14,
        error="shipping.carriers.base.CarrierUnavailable", text="503: maintenance until 18:00 UTC",
        payload={"order_id": 0},
    ),
    SampleFailure(
        task="orders.send_email", queue="notifications", key="notification.send.low",
        count=9, peak=50, width=60, attempts=1,
        error="smtplib.SMTPRecipientsRefused", text="550 mailbox of robin.baker@example.com is full",
        payload={"order_id": 0, "kind": "paid"},
    ),
    SampleFailure(
        task="orders.send_email", queue="notifications", key="notification.send.low",
        count=2, peak=2, width=1, attempts=1,
        error="messaging.payloads.PayloadInvalid", text="kind: Input should be 'placed', 'paid' or 'shipped'",
        payload={"order_id": 0, "kind": "shiped"},
    ),
    SampleFailure(
        task="payments.compare_payment", queue="payments", key="payment.compare.low", count=1, peak=90, width=1,
        error="WorkerLost", text="The worker was lost during the third delivery.",
        payload={"payment_id": "018f7a10-0000-7000-8000-000000000000"},
    ),
)  # fmt: skip


def create_failures(*, lost: str) -> None:
    """Create all samples; print example ids as JSON. `lost` is the public id of an order whose parcel is lost."""
    order = Order.objects.latest("pk")
    for sample in SAMPLES:
        _create(sample, order_id=order.pk)
    _annotate_groups()
    dead = Message.objects.filter(state=State.DEAD)
    examples = {
        "group": _fingerprint(SAMPLES[0]),
        "failure": str(dead.filter(error_type="RuntimeError").latest("finished_at").pk),
        "mistyped": str(dead.filter(error_type__endswith="PayloadInvalid")[0].pk),
        "order": _order_with_retried_charge().pk,
        **_parcel_ids(Order.objects.get(public_id=lost)),
    }
    print(json.dumps(examples))  # noqa: T201 - its caller reads it


def _parcel_ids(order: Order) -> dict[str, Any]:
    sku = order.lines.values_list("sku", flat=True)[0]
    return {
        "lost": order.pk,
        "shipment": str(order.shipments.latest("shipped_at").pk),
        "product": Product.objects.get(sku=sku).pk,
    }


def _order_with_retried_charge() -> Order:
    """An order whose charge was retried successfully."""
    replayed = Message.objects.filter(state=State.DONE, replayed_from__gt=0, task="payments.charge_payment")
    return Order.objects.get(number=replayed.earliest("pk").subject)


def fix_bug(*, except_for: str) -> None:
    """Let failed charges succeed when retried, except for the order with the public id `except_for`."""
    Payment.objects.filter(method="pm_bug").exclude(order__public_id=except_for).update(method="pm_card_visa")


def _create(sample: SampleFailure, *, order_id: int) -> None:
    moments, group = sorted(_moments(sample)), _fingerprint(sample)
    payload = sample.payload | ({"order_id": order_id} if "order_id" in sample.payload else {})
    with transaction.atomic():
        messages = Message.objects.bulk_create(
            Message(
                id=(id_ := uuid7()), correlation_id=id_, task=sample.task, queue=sample.queue, routing_key=sample.key,
                payload=payload, state="dead", subject=f"CV-{26_001_000 + 7 * number}", attempts=sample.attempts,
                sends=sample.attempts, created_at=at - timedelta(minutes=4), finished_at=at, error_type=sample.error,
                error_message=sample.text, fingerprint=group,
            )
            for number, at in enumerate(moments)
        )  # fmt: skip
        Attempt.objects.bulk_create(
            Attempt(
                message=message, number=number, worker="payments-1@shop", error_type=sample.error,
                error_message=sample.text, started_at=at - timedelta(seconds=9), ended_at=at,
                traceback=f"{sample.error}: {sample.text}", fingerprint=group,
            )
            for message, at in zip(messages, moments, strict=True) for number in range(1, sample.attempts + 1)
        )  # fmt: skip
        FailureGroup.objects.create(
            fingerprint=group, task=sample.task, queue=sample.queue, error_type=sample.error, error_message=sample.text,
            example=messages[-1].pk, first_seen=moments[0], last_seen=moments[-1], dead_count=len(messages),
            failures=len(messages) + 3,
        )  # fmt: skip
        hours = [at.replace(minute=0, second=0, microsecond=0) for at in moments]
        FailureHour.objects.bulk_create(
            FailureHour(fingerprint=group, hour=hour, count=hours.count(hour)) for hour in dict.fromkeys(hours)
        )


def _moments(sample: SampleFailure) -> Iterator[datetime]:
    """Dense around the peak, sparse at the edges, never in the future."""
    now = timezone.now()
    for number in range(sample.count):
        share = (number + 0.5) / sample.count * 2 - 1
        hours = max(0.05, sample.peak + sample.width * math.copysign(abs(share) ** 2, share))
        yield now - timedelta(hours=hours)


def _fingerprint(sample: SampleFailure) -> str:
    return fingerprint(sample.error, sample.task, [])


def _annotate_groups() -> None:
    operator, bank, carrier = Actor.system("operator"), _fingerprint(SAMPLES[0]), _fingerprint(SAMPLES[1])
    note = "Gateway outage from 11:00 to 14:00 UTC, resolved according to its status page."
    actions.set_group_state(fingerprint=bank, state=GroupState.ACKNOWLEDGED, actor=operator, note=note)
    actions.annotate_group(
        fingerprint=bank, note=note, runbook="https://example.com/runbooks/gateway-outage", actor=operator
    )
    actions.set_group_state(
        fingerprint=carrier, state=GroupState.ACKNOWLEDGED, actor=operator, note="Maintenance until 18:00 UTC."
    )


def find_disputes() -> None:
    """What the schedule does every 15 minutes. Adds an event, an alert, a fault and failed sign-ins for other pages."""
    with outbox.transaction():
        outbox.enqueue(FindDisputes())
    payment = Payment.objects.latest("pk")
    GatewayEvent.objects.create(event_id="evt_sample", kind="payment.succeeded", key=payment.pk)
    mallory = {"username": "mallory", "ip_address": "192.0.2.1", "attempt_time": timezone.now()}
    Alert.objects.create(key="sample", text="Queue shipping is paused.", raised_at=timezone.now())
    Fault.objects.create(kind="gateway-outage", began_at=timezone.now(), ends_at=timezone.now(), begun_by="operator")
    AccessFailureLog.objects.create(**mallory)
    AccessAttempt.objects.create(**mallory, failures_since_start=1)


def print_row_ids() -> None:
    """The id of the latest row of each list in the admin, as JSON."""
    autodiscover()
    rows = {model: model._default_manager.order_by("-pk").first() for model in site._registry if model is not Queues}
    print(json.dumps({model._meta.label_lower.replace(".", "_"): str(row.pk) for model, row in rows.items() if row}))  # noqa: T201 - its caller reads it
