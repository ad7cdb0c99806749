"""Writes of deliveries: recorded with the event, begun and ended by the task, requested again by an operator.

Locks are taken in one order: message, delivery, endpoint.
"""

import random
import uuid
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Final

from django.db import transaction
from django.db.models import F
from django.utils import timezone
from django.utils.translation import gettext as _

from extensions.webhooks import conf, events, retries
from extensions.webhooks.client import CONNECT_SECONDS, Answer
from extensions.webhooks.errors import DeliveryGone, EndpointUnreachable
from extensions.webhooks.models import Attempt, Delivery, Endpoint, State
from extensions.webhooks.payloads import Deliver
from messaging import clock, outbox
from messaging.circuit_breaker import CircuitOpen
from messaging.models import Message
from messaging.models.uuid7 import uuid7
from messaging.operations import audit
from messaging.operations.permissions import Actor
from messaging.relay import wakeup
from messaging.topology import Priority
from messaging.transitions import Intervention, cannot_revive, lock_dead, revive
from messaging.worker import slices
from orders.models import Order

RESEND: Final = "resend webhook"
ENDPOINT_OFF: Final = "webhook endpoint off"
#: Attempts of one delivery that are kept; older ones are deleted.
ATTEMPTS_KEPT: Final = 30
#: Deliveries that one request may send again.
MOST_RESENT: Final = 100
_GONE: Final = 410
_SYSTEM = Actor.system("webhooks")
#: Beyond the time limit of a request: connecting, the database, a slow machine.
_LEASE_MARGIN: Final = 15.0
_SHARE_OF_AGE: Final = 0.25
_LONGEST_SPREAD: Final = 300.0


class CannotResend(Exception):
    """Nothing was sent. The text says why."""


@dataclass(frozen=True, kw_only=True)
class Job:
    """What a task has to send, and the attempt that records it."""

    delivery: Delivery
    attempt_id: int

    @property
    def endpoint(self) -> Endpoint:
        return self.delivery.endpoint


def record_event(*, event: str, order: Order, extra: Callable[[], dict[str, Any]] = dict) -> None:
    """Write and enqueue a delivery for each endpoint that wants `event`, in the transaction of the change.

    `extra` are further parts of the body's data, read only if an endpoint wants the event.
    """
    wanted = [each for each in Endpoint.objects.filter(is_active=True) if event in each.events]
    if wanted:
        data = events.Data(order=events.order_part(order), **extra())
        _enqueue(event, data, wanted, order=order)


@outbox.transaction()
def send_test(*, endpoint: Endpoint, actor: Actor) -> Delivery:
    """Enqueue a test event for one endpoint, whatever it subscribes to. Raises `CannotResend`."""
    endpoint = _locked(endpoint.pk)
    if not endpoint.is_active:
        raise CannotResend(_("The endpoint is off. Turn it on, then send the test event."))
    waiting = Delivery.objects.filter(endpoint=endpoint, event=events.TEST, state=State.PENDING)
    if waiting.exists():
        raise CannotResend(_("A test event is waiting already. Its page shows what becomes of it."))
    (delivery,) = _enqueue(events.TEST, events.Data(), [endpoint], order=None)
    audit.record(action=RESEND, actor=actor, message_id=delivery.message_id, data=_facts(delivery))
    return delivery


def _locked(pk: int) -> Endpoint:
    """A lock that the foreign keys of new deliveries do not wait for: an order never waits for a worker."""
    return Endpoint.objects.select_for_update(no_key=True).get(pk=pk)


def _enqueue(event: str, data: events.Data, endpoints: Sequence[Endpoint], *, order: Order | None) -> list[Delivery]:
    event_id, now = uuid7(), timezone.now()
    body = events.Event(type=event, timestamp=now, data=data).as_body()
    found = []
    for endpoint in endpoints:
        delivery = Delivery(event_id=event_id, endpoint=endpoint, order=order, event=event, body=body)
        delivery.message_id = _request(delivery)
        found.append(delivery)
    return Delivery.objects.bulk_create(found)


def _request(delivery: Delivery) -> uuid.UUID:
    subject = delivery.order.number if delivery.order else ""
    return outbox.enqueue(Deliver(delivery_id=delivery.pk), priority=Priority.LOW, subject=subject).pk


@transaction.atomic
def begin(*, delivery_id: uuid.UUID) -> Job | None:
    """Claim one of the endpoint's slots and write the attempt. None: there is nothing to send any more.

    Raises `CircuitOpen` while the endpoint is paused or has all its requests in flight: the message is due again later
    and spends no attempt. Raises `EndpointUnreachable` if that has lasted too long, and `DeliveryGone`.
    """
    delivery = Delivery.objects.filter(pk=delivery_id).first()
    if delivery is None:
        raise DeliveryGone(f"There is no delivery {delivery_id}.")
    endpoint = delivery.endpoint = _locked(delivery.endpoint_id)
    if not (endpoint.is_active and delivery.body):
        return None
    now = clock.now()
    if endpoint.paused_until and endpoint.paused_until > now:
        raise _busy(delivery, seconds=(endpoint.paused_until - now).total_seconds())
    # An earlier attempt of this delivery was lost with its worker, or else the message would not be here again.
    running = Attempt.objects.filter(ended_at=None, until__gt=now, delivery__endpoint=endpoint)
    running = running.exclude(delivery=delivery)
    if running.count() >= (1 if endpoint.failing else conf.current.in_flight):
        raise _busy(delivery, seconds=0.5)
    until = now + timedelta(seconds=conf.current.request_seconds + CONNECT_SECONDS + _LEASE_MARGIN)
    attempt = Attempt.objects.create(delivery=delivery, started_at=now, until=until)
    kept = list(delivery.attempts.order_by("-id").values_list("pk", flat=True)[:ATTEMPTS_KEPT])
    delivery.attempts.exclude(pk__in=kept).delete()
    return Job(delivery=delivery, attempt_id=attempt.pk)


def _busy(delivery: Delivery, *, seconds: float) -> Exception:
    age = (clock.now() - delivery.queued_at).total_seconds()
    if age > retries.GIVE_UP_SECONDS:
        return EndpointUnreachable(f"{delivery.endpoint.host} has not answered for {age / 86_400:.0f} days.")
    # Many that wait must neither come back at once, nor so often that they hold the worker's slots by it: who has
    # waited for long asks rarely, so that a backlog of any size asks a few times for each request that is sent.
    most = max(1.0, seconds, min(age * _SHARE_OF_AGE, _LONGEST_SPREAD))
    spread = random.uniform(0, most)  # noqa: S311 - not a secret
    return CircuitOpen(f"endpoint {delivery.endpoint.pk} ({delivery.endpoint.host})"[:60], seconds + spread)


def skip(*, delivery_id: uuid.UUID) -> None:
    Delivery.objects.filter(pk=delivery_id).update(state=State.SKIPPED)


def succeed(job: Job, *, answer: Answer, milliseconds: int) -> None:
    """In the transaction that marks the message as done."""
    now = clock.now()
    Delivery.objects.filter(pk=job.delivery.pk).update(state=State.DELIVERED, delivered_at=now)
    _end(job, milliseconds, status=answer.status, response=answer.text)
    rest = retries.rest_seconds(milliseconds=milliseconds)
    until = now + timedelta(seconds=rest) if rest else None
    Endpoint.objects.filter(pk=job.endpoint.pk).update(failing=0, paused_until=until, succeeded_at=now)


@transaction.atomic
def fail(job: Job, *, answer: Answer | None, error: str, milliseconds: int) -> None:
    """Record a failed attempt. An endpoint that is slow, keeps failing or asks for it is paused, later turned off.

    What a server answers says nothing about the one that the endpoint has been pointed at meanwhile.
    """
    _end(
        job, milliseconds, status=answer.status if answer else None, response=answer.text if answer else "", error=error
    )
    endpoint, now = _locked(job.endpoint.pk), clock.now()
    if endpoint.url != job.endpoint.url:
        return
    pause = retries.rest_seconds(milliseconds=milliseconds)
    if retries.is_down(answer):
        endpoint.failing = min(endpoint.failing + 1, 10_000)
        pause = max(pause, retries.pause_seconds(failing=endpoint.failing, answer=answer))
    else:
        endpoint.failing = 0
    if pause:
        endpoint.paused_until = now + timedelta(seconds=pause)
    endpoint.save(update_fields=["failing", "paused_until"])
    last = endpoint.succeeded_at or endpoint.created_at
    if endpoint.failing >= retries.GONE_FAILURES and last < now - retries.GONE_AFTER:
        _turn_off(job, _("no usable answer since %(at)s") % {"at": clock.text(last)})


def turn_off(job: Job, *, answer: Answer, milliseconds: int) -> None:
    """The server answered 410: it wants no more events. In the transaction that marks the message as done."""
    _end(job, milliseconds, status=answer.status, response=answer.text)
    Delivery.objects.filter(pk=job.delivery.pk).update(state=State.SKIPPED)
    _turn_off(job, _("the server answered 410 Gone at %(at)s") % {"at": clock.text(clock.now())})


def _turn_off(job: Job, why: str) -> None:
    called = Endpoint.objects.filter(pk=job.endpoint.pk, url=job.endpoint.url)
    changed = called.filter(is_active=True).update(is_active=False, off_reason=why, off_at=clock.now())
    if changed:
        audit.record(action=ENDPOINT_OFF, actor=_SYSTEM, reason=why, data=_facts(job.delivery))


def is_gone(job: Job, answer: Answer) -> bool:
    """Whether the server that the endpoint still points at wants no more events."""
    return answer.status == _GONE and Endpoint.objects.filter(pk=job.endpoint.pk, url=job.endpoint.url).exists()


def _end(job: Job, milliseconds: int, **outcome: Any) -> None:
    """Texts of an order that has been anonymised meanwhile are not kept."""
    locked = Delivery.objects.select_for_update(no_key=True).filter(pk=job.delivery.pk)
    if not locked.values_list("body", flat=True).first():
        outcome["response"] = ""
    outcome["error"] = outcome.get("error", "")[:300]
    Attempt.objects.filter(pk=job.attempt_id).update(ended_at=clock.now(), milliseconds=milliseconds, **outcome)


def resend(*, delivery_id: uuid.UUID, sends: int, actor: Actor) -> None:
    """Send a delivery again, under its old ID. `sends` is what the operator saw, so that two clicks send it once.

    A dead message is retried, which the audit log records as such; otherwise a new one is enqueued.
    Raises `CannotResend`.
    """
    with outbox.transaction():
        delivery, dead = _lock(delivery_id)
        why_not = _why_not(delivery, sends)
        if delivery is None or why_not:
            raise CannotResend(why_not)
        if dead is not None and cannot_revive(dead) is None:
            revive(dead, intervention=Intervention(actor=actor.name, action="retry", reason=RESEND))
        else:
            delivery.message_id = _request(delivery)
        delivery.state, delivery.sends, delivery.queued_at = State.PENDING, delivery.sends + 1, clock.now()
        delivery.save(update_fields=["message_id", "state", "sends", "queued_at"])
        audit.record(action=RESEND, actor=actor, message_id=delivery.message_id, data=_facts(delivery))
        wakeup.call()


def _lock(delivery_id: uuid.UUID) -> tuple[Delivery | None, Message | None]:
    """The delivery, and its message if that is dead. The message comes first, as wherever else it is retried."""
    seen = Delivery.objects.filter(pk=delivery_id).values_list("message_id", flat=True).first()
    if seen is None:
        return None, None
    dead = lock_dead([seen]).get(seen)
    return Delivery.objects.select_for_update(no_key=True).filter(pk=delivery_id, message_id=seen).first(), dead


def _why_not(delivery: Delivery | None, sends: int) -> str:
    if delivery is None:
        return _("The delivery does not exist any more. Nothing was sent.")
    if delivery.state == State.PENDING or delivery.sends != sends:
        return _("%(delivery)s was requested already, and is not sent twice.") % {"delivery": delivery}
    if not delivery.body:
        return _("The shopper's data was erased, and with it the body of this event. It cannot be sent again.")
    if not delivery.endpoint.is_active:
        return _("The endpoint %(endpoint)s is off. Turn it on, then resend.") % {"endpoint": delivery.endpoint}
    return ""


def _facts(delivery: Delivery) -> dict[str, Any]:
    """For the audit log: no URL, which may hold the merchant's secrets."""
    return {"delivery": str(delivery.pk), "event": delivery.event, "endpoint": delivery.endpoint.host}


def follow_messages(ids: Sequence[uuid.UUID], *, state: State) -> None:
    """Bring deliveries to the state of their messages, in the transaction that moves these."""
    found = Delivery.objects.filter(message_id__in=ids)
    if state == State.PENDING:
        found.filter(state__in=(State.FAILED, State.DISCARDED)).update(
            state=state, queued_at=clock.now(), sends=F("sends") + 1
        )
    else:
        found.exclude(state__in=(state, State.DELIVERED)).update(state=state)


def erase(*, orders: Sequence[Order]) -> None:
    """Remove the bodies of anonymised orders and what servers answered to them. What was sent, and when, stays."""
    Delivery.objects.filter(order__in=orders).update(body="")  # first, as where an attempt ends
    Attempt.objects.filter(delivery__order__in=orders).update(response="")


def purge(*, limit: int = slices.ROWS) -> int:
    """Delete up to `limit` old deliveries with their attempts. Returns how many.

    Failed ones stay as long as their dead message does: an operator has not decided about them.
    """
    before = clock.now() - timedelta(days=conf.current.keep_days)
    old = Delivery.objects.filter(created_at__lt=before, queued_at__lt=before)
    ended = old.filter(state__in=(State.DELIVERED, State.SKIPPED, State.DISCARDED))
    with transaction.atomic():
        ids = list(ended.order_by("created_at").select_for_update().values_list("pk", flat=True)[:limit])
        slices.delete_by(Attempt, column="delivery_id", values=ids)
        slices.delete_by(Delivery, column="id", values=ids)
    return len(ids)
