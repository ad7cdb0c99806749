"""Runs a plan: places its orders in real time, injects its faults, and waits until every order is shipped."""

import logging
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime

from celery import current_app
from django.conf import settings
from django.db import OperationalError, connection
from django.utils import timezone

from messaging import clock
from messaging.broker import inspect
from messaging.operations.permissions import Actor
from orders.models import ShippingMethod, Source
from orders.values import Address
from shop.checkout.services import LineWanted, checkout
from shop.demo.game_days import report, services
from shop.demo.game_days.database_pause import MOST_SECONDS
from shop.demo.game_days.report import Report, Sign
from shop.demo.game_days.scenarios import Plan, PlannedFault, PlannedOrder
from shop.models import Fault, Product
from shop.stock.services import restock

log = logging.getLogger(__name__)

LOOK_SECONDS = 0.5
#: At the workers, before they count as absent.
LOOKS = 4
#: Longer than the database can be paused.
END_SECONDS = MOST_SECONDS + 10
NEEDED_QUEUES = ("payments", "shipping")
_ADDRESS = Address("1 Demo Street", "Dublin", "D01 F5P2", "IE")


class NothingRuns(RuntimeError):
    """No worker would process the orders of a game day."""


class Interrupted(RuntimeError):
    """By Ctrl-C or SIGTERM. A second one, or a database that is away, leaves faults to end by themselves."""

    def __init__(self, *, have_ended: bool) -> None:
        faults = "have ended" if have_ended else "that are active end by themselves, as /admin/shop/fault/ shows"
        super().__init__(f"Interrupted. Its faults {faults}; its orders are still processed.")


@dataclass
class Run:
    """A game day under way."""

    plan: Plan
    actor: Actor
    began: float = field(default_factory=time.monotonic)
    began_at: datetime = field(default_factory=timezone.now)
    numbers: list[str] = field(default_factory=list)
    faults: list[Fault] = field(default_factory=list)
    seen: dict[str, Sign] = field(default_factory=dict)

    @property
    def elapsed(self) -> float:
        return time.monotonic() - self.began

    @property
    def name(self) -> str:
        return f"{self.plan.scenario}, seed {self.plan.seed}"

    def report(self) -> Report:
        began_at, ended_at = self.times()
        measured = report.measure(
            numbers=self.numbers, began_at=began_at, ended_at=ended_at, seen=tuple(self.seen.values())
        )
        if measured.detected is not None:
            self.seen.setdefault(measured.detected.text, measured.detected)
        return measured

    def times(self) -> tuple[datetime, datetime]:
        """When the first fault began and the last one ends; now, if there is none yet."""
        now = timezone.now()
        return (
            min((fault.began_at for fault in self.faults), default=now),
            max((fault.ends_at for fault in self.faults), default=now),
        )


def run(*, plan: Plan, actor: Actor, progress: Callable[[Run, Report], None], patience: float) -> Report:
    """Run the plan and return its report, `patience` seconds after the faults' end at the latest.

    Faults that are active when it is interrupted are ended. Raises `NothingRuns`, `Interrupted`, and as
    `services.begin_fault`, also if one of its faults is active already or another game day is under way.
    """
    services.require(actor)
    with services.only_game_day():
        services.require_inactive(Fault(kind=fault.kind, target=fault.target) for fault in plan.faults)
        _require_workers()
        return _run(Run(plan, actor), _products(len(plan.orders)), progress, patience)


def _run(current: Run, stock: list[str], progress: Callable[[Run, Report], None], patience: float) -> Report:
    have_ended = False
    try:
        try:
            _play(current, stock, progress)
            return _wait(current, progress, patience)
        finally:
            have_ended = _end(current)
    except KeyboardInterrupt:
        raise Interrupted(have_ended=have_ended) from None


def _play(current: Run, stock: list[str], progress: Callable[[Run, Report], None]) -> None:
    steps: list[PlannedOrder | PlannedFault] = [*current.plan.orders, *current.plan.faults]
    for step in sorted(steps, key=lambda step: step.at):
        while (left := step.at - current.elapsed) > 0:
            time.sleep(min(left, LOOK_SECONDS))
            progress(current, current.report())
        _take(current, step, stock)


def _take(current: Run, step: PlannedOrder | PlannedFault, stock: list[str]) -> None:
    if isinstance(step, PlannedFault):
        current.faults.append(
            services.begin_fault(
                kind=step.kind,
                actor=current.actor,
                target=step.target,
                seconds=step.seconds,
                amount=step.amount,
                game_day=current.name,
            )
        )
        return
    current.numbers.append(_place(stock[int(step.pick * len(stock))], is_express=step.is_express))


def _place(sku: str, *, is_express: bool) -> str:
    """The number of a new order. While the database cannot be written, it tries again, as a shopper would."""
    while True:
        try:
            return checkout(
                email="game-day@conveyor.example",
                name="Game Day",
                address=_ADDRESS,
                shipping_method=ShippingMethod.EXPRESS if is_express else ShippingMethod.STANDARD,
                payment_method="pm_card_visa",
                lines=[LineWanted(sku=sku, quantity=1)],
                source=Source.WEB,
            ).order.number
        except OperationalError:
            connection.close()
            time.sleep(LOOK_SECONDS)


def _wait(current: Run, progress: Callable[[Run, Report], None], patience: float) -> Report:
    _began_at, ended_at = current.times()
    while True:
        measured = current.report()
        progress(current, measured)
        over = (timezone.now() - ended_at).total_seconds()
        if over > patience or (over >= 0 and not measured.under_way):
            return measured
        time.sleep(LOOK_SECONDS)


def _end(current: Run) -> bool:
    """End every fault that is active, whatever the others do. While the database cannot be written, it tries again.

    False: it was given up.
    """
    until = time.monotonic() + END_SECONDS
    while not _have_ended(current):
        if time.monotonic() > until:
            return False
        time.sleep(LOOK_SECONDS)
    return True


def _have_ended(current: Run) -> bool:
    """False: worth another try. The database knows of a fault that was recorded as the game day was interrupted."""
    begun = Fault.objects.filter(game_day=current.name, began_at__gte=current.began_at)
    try:
        left = list(begun.filter(ends_at__gt=timezone.now()).order_by("pk"))
    except OperationalError:
        connection.close()
        return False
    return not [fault for fault in left if not _has_ended(current, fault)]


def _has_ended(current: Run, fault: Fault) -> bool:
    """False: worth another try."""
    try:
        services.end_fault(fault=fault, actor=current.actor)
    except OperationalError:
        connection.close()
        return False
    except services.FaultRefused:  # it ends by itself
        return True
    except Exception:
        log.exception("cannot end the fault %s; it ends by itself at %s", fault, clock.text(fault.ends_at))
    return True


def _require_workers() -> None:
    """On Valkey, a worker on a busy machine may take longer to answer than it is given; it is asked again."""
    silent = set(NEEDED_QUEUES)
    for _ in range(LOOKS):
        consumers = inspect.ask(lambda opened: inspect.consumers(current_app, opened, wanted=NEEDED_QUEUES)) or {}
        silent -= {queue for queue, count in consumers.items() if count}
        if not silent:
            return
        time.sleep(LOOK_SECONDS)
    raise NothingRuns(f"No workers consume {' and '.join(NEEDED_QUEUES)}. Start the demo with `make run`.")


def _products(pieces: int) -> list[str]:
    """SKUs of a few products with enough stock: a game day sells nothing out."""
    products = list(Product.objects.filter(is_listed=True, currency=settings.SHOP_CURRENCY).order_by("pk")[:5])
    if not products:
        raise NothingRuns("There are no products to order. Run `manage.py seed_demo`.")
    restock(quantities={product.pk: pieces for product in products}, reference="game day")
    return [product.sku for product in products]
