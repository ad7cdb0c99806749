"""Report of a game day, measured from the ledger, the alerts, and the audit's invariants.

Lost: orders that nothing will move forward, and paid ones that nothing will ship. Doubled: orders paid twice, payments
charged twice and parcels booked twice, in the records of the gateway and the carriers.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import chain

from django.db.models import Count, F, Max, Min, Q

from messaging.models import Attempt, Circuit, Message, MessageQuerySet
from messaging.operations.models import Alert
from messaging.transitions.failure import short
from orders.invariants import unfinished_orders_have_a_message
from orders.models import Order, OrderEvent, Status
from orders.selectors import WAITING
from payments.invariants import charged_once, paid_once
from payments.models import GatewayCharge, Payment
from shipping.invariants import booked_once, paid_orders_are_shipped
from shipping.models import CarrierParcel
from shop.demo.game_days.kinds import WORKER, WORKER_KILLED
from shop.models import Fault

#: Orders that one report covers.
MOST_ORDERS = 500
#: A fault shows in alerts a little later: they are raised once a minute.
ALERTED_WITHIN = timedelta(minutes=10)
UNDER_WAY = (*WAITING, Status.PAID)
FINISHED = (Status.SHIPPED, Status.DELIVERED)


@dataclass(frozen=True, slots=True)
class Sign:
    """A trace that a fault left where operators look."""

    at: datetime
    text: str


@dataclass(frozen=True, kw_only=True)
class Report:
    """`began_at` is when the first fault began, `ended_at` when the last one ended; other times are None until known.

    `dead` counts orders with a dead letter, which wait for an operator. Recovered is when the last other one shipped.
    `redelivered` counts messages that a worker or the broker had lost.
    """

    began_at: datetime
    ended_at: datetime
    orders: int
    finished: int
    under_way: int
    dead: int
    redelivered: int
    lost: int
    doubled: int
    detected: Sign | None
    alerted: Sign | None
    recovered_at: datetime | None

    @property
    def detected_after(self) -> float | None:
        """Seconds from the first fault's beginning."""
        return _seconds(self.began_at, self.detected.at if self.detected else None)

    @property
    def alerted_after(self) -> float | None:
        """Seconds from the first fault's beginning."""
        return _seconds(self.began_at, self.alerted.at if self.alerted else None)

    @property
    def recovered_after(self) -> float | None:
        """Seconds from the last fault's end; 0 if nothing was left to recover by then."""
        return _seconds(self.ended_at, self.recovered_at)

    @property
    def is_clean(self) -> bool:
        return self.recovered_at is not None and not self.lost and not self.doubled


def placed_between(*, began_at: datetime, ended_at: datetime) -> list[str]:
    """Numbers of the orders placed meanwhile, at most `MOST_ORDERS`."""
    placed = Order.objects.filter(placed_at__gte=began_at, placed_at__lte=ended_at).order_by("placed_at")
    return list(placed.values_list("number", flat=True)[:MOST_ORDERS])


def measure(*, numbers: Sequence[str], began_at: datetime, ended_at: datetime, seen: Sequence[Sign] = ()) -> Report:
    """The report about the orders with these numbers. `seen` are signs noticed before that have gone since."""
    orders = Order.objects.filter(number__in=numbers)
    dead = set(Message.objects.dead().filter(subject__in=numbers).values_list("subject", flat=True))
    counted = orders.aggregate(  # in one statement, so that the numbers are of one moment
        finished=Count("pk", filter=Q(status__in=FINISHED)),
        under_way=Count("pk", filter=Q(status__in=UNDER_WAY) & ~Q(number__in=dead)),
    )
    restarted = _restarted(since=began_at, until=ended_at)
    found = [*seen, *signs(numbers=numbers, since=began_at), *(Sign(f.ends_at, _restart_text(f)) for f in restarted)]
    found.sort(key=lambda sign: sign.at)
    return Report(
        began_at=began_at,
        ended_at=ended_at,
        orders=len(numbers),
        **counted,
        dead=len(dead),
        redelivered=_redelivered(numbers, since=began_at),
        lost=len({*unfinished_orders_have_a_message(orders), *paid_orders_are_shipped(orders)}),
        doubled=_doubled(numbers),
        detected=found[0] if found else None,
        alerted=_alert(since=began_at, until=ended_at + ALERTED_WITHIN),
        recovered_at=None if counted["under_way"] else _recovered_at(numbers, ended_at, restarted),
    )


def signs(*, numbers: Sequence[str], since: datetime) -> list[Sign]:
    """The first failed attempt, the first message that was sent again, and open circuits."""
    failed = Attempt.objects.filter(ended_at__gte=since, message__subject__in=numbers).order_by("ended_at", "id")
    again = _sent_again(numbers, since=since)
    return [
        *(
            Sign(attempt.ended_at, f"failed attempt of {attempt.message.task}: {short(attempt.error_type)}")
            for attempt in failed.select_related("message")[:1]
        ),
        *(
            Sign(message.sent_at, f"{message.task} was sent again")
            for message in again.order_by("sent_at")[:1]
            if message.sent_at
        ),
        *(
            Sign(circuit.opened_at, f"the circuit of {circuit.name} opened")
            for circuit in Circuit.objects.filter(opened_at__gte=since)
            if circuit.opened_at
        ),
    ]


def _sent_again(numbers: Sequence[str], *, since: datetime) -> MessageQuerySet:
    return Message.objects.filter(subject__in=numbers, sends__gt=1, attempts=0, waits_for="", sent_at__gte=since)


def _redelivered(numbers: Sequence[str], *, since: datetime) -> int:
    lost = Attempt.objects.filter(message__subject__in=numbers, error_type="WorkerLost", ended_at__gte=since)
    return lost.values("message").distinct().count() + _sent_again(numbers, since=since).count()


def _restarted(*, since: datetime, until: datetime) -> list[Fault]:
    """Killed workers that the supervisor has started again."""
    killed = Fault.objects.filter(kind=WORKER_KILLED, began_at__gte=since, began_at__lte=until)
    return list(killed.filter(ends_at__gt=F("began_at")).order_by("ends_at"))


def _restart_text(fault: Fault) -> str:
    return f"the supervisor restarted {fault.target}"


def _alert(*, since: datetime, until: datetime) -> Sign | None:
    alert = Alert.objects.filter(raised_at__gte=since, raised_at__lte=until).order_by("raised_at", "id").first()
    return Sign(alert.raised_at, alert.text) if alert else None


def _doubled(numbers: Sequence[str]) -> int:
    payments = Payment.objects.filter(order__number__in=numbers).values_list("pk", flat=True)
    charges = GatewayCharge.objects.filter(idempotency_key__in=[str(pk) for pk in payments])
    parcels = CarrierParcel.objects.filter(idempotency_key__in=numbers)
    return len(
        list(chain(paid_once(Order.objects.filter(number__in=numbers)), charged_once(charges), booked_once(parcels)))
    )


def _recovered_at(numbers: Sequence[str], ended_at: datetime, restarted: Sequence[Fault]) -> datetime:
    """When the last order that met the faults was shipped; their end if all were by then.

    A worker that has been started again needs some seconds until it works: orders placed meanwhile met the fault, too.
    """
    until = ended_at
    for worker, at in {fault.target: fault.ends_at for fault in restarted}.items():
        runs = Message.objects.filter(subject__in=numbers, queue=worker.removeprefix(WORKER), started_at__gt=at)
        until = max(until, runs.aggregate(first=Min("started_at"))["first"] or until)
    shipped = OrderEvent.objects.filter(
        order__number__in=numbers, order__placed_at__lte=until, kind=Status.SHIPPED.value
    )
    last: datetime | None = shipped.aggregate(last=Max("at"))["last"]
    return max(last or ended_at, ended_at)


def _seconds(since: datetime, at: datetime | None) -> float | None:
    return None if at is None else max(0.0, round((at - since).total_seconds(), 1))
