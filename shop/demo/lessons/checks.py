"""Checks of the lessons, each a list of steps in the order of its page."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

from django.conf import settings
from django.db.models import Exists, OuterRef

from messaging.models import State
from messaging.topology import Priority
from shop.demo.lessons.steps import ARRIVING, Step, charges, done_to, messages_of, orders_of_yours
from shop.doctor.services import run_checks
from shop.health.deployment import pending_migrations

#: The task of the app that lesson 5 adds. Its messages stay in the ledger when the app is deleted.
GIFTS: Final = "gifts.record_order"


def run_and_buy() -> list[Step]:
    orders = orders_of_yours()
    return [
        Step("You placed an order", orders.exists(), "Buy something at http://localhost:8000."),
        Step(
            "It is paid and shipped",
            orders.filter(status__in=ARRIVING).exists(),
            "Pay with the card that succeeds, and wait a few seconds. `manage.py demo status` must say RUNNING of each "
            "process.",
        ),
    ]


def break_and_fix() -> list[Step]:
    orders = orders_of_yours(card="pm_bug")
    stopped = done_to("broker", "stop process").first()
    meanwhile = orders_of_yours()
    if stopped is not None:
        started = done_to("broker", "start process").filter(at__gt=stopped.at).first()
        meanwhile = meanwhile.filter(placed_at__gt=stopped.at)
        meanwhile = meanwhile.filter(placed_at__lt=started.at) if started else meanwhile
    return [
        Step(
            "A charge of yours became a dead letter",
            charges(orders).died().exists(),
            'Buy something with the card "Bug in the payment code".',
        ),
        Step(
            "You retried it after the fix, and its order is shipped",
            orders.filter(status__in=ARRIVING).exists(),
            "Run `manage.py demo fix-bug`, then retry the task.",
        ),
        Step(
            "You killed the payments worker",
            done_to("worker-payments", "kill process").exists(),
            "Run `manage.py demo kill worker-payments`.",
        ),
        Step(
            "An order that you placed while the broker was stopped is shipped",
            stopped is not None and meanwhile.filter(status__in=ARRIVING).exists(),
            "Run `manage.py demo stop broker`, buy something, and run `manage.py demo start broker`.",
        ),
    ]


def three_ways_to_publish() -> list[Step]:
    rows = _storm()
    lost = {publish: row["lost"] + row["doubled"] for publish, row in rows.items()}
    again = "Run `make lesson-storm`, and let it end."
    longer = "The storm was too short. Run `make lesson-storm` without SECONDS."
    return [
        Step("The storm went over all three shops", len(lost) == 3, again),
        Step("naive lost orders", lost.get("naive", 0) > 0, longer if lost else again),
        Step("on_commit lost orders", lost.get("on_commit", 0) > 0, longer if lost else again),
        Step("ledger lost none and doubled none", lost.get("ledger", 1) == 0, again),
    ]


def retries_dead_letters_priorities() -> list[Step]:
    flaky, outage = orders_of_yours(card="pm_flaky_2"), orders_of_yours(card="pm_outage")
    retried = charges(flaky).filter(state=State.DONE, attempts__gte=2, replayed_from=0)
    return [
        Step(
            "A charge of yours was retried twice by itself and succeeded",
            retried.exists(),
            'Buy something with the card "Bank that answers on the third attempt".',
        ),
        Step(
            "A charge of yours spent all its attempts and became a dead letter",
            charges(outage).died().exists(),
            'Buy something with the card "Bank that never answers", and wait until `manage.py dlq list` shows it.',
        ),
        Step(
            "You retried it after the outage, and it succeeded",
            charges(outage).filter(state=State.DONE, replayed_from__gt=0).exists(),
            "Run `manage.py demo end-outage`, then retry the task.",
        ),
        Step(
            "An express order overtook a standard one that was placed before it",
            _overtaken(),
            "Pause the queue `payments`, place four standard orders and then an express one, and resume the queue.",
        ),
    ]


def your_own_app() -> list[Step]:
    messages = messages_of(orders_of_yours(), task=GIFTS)
    deploy = "Run `manage.py demo stop worker-gifts` and `manage.py demo start worker-gifts`"
    return [
        Step(
            "A message of your app `gifts` succeeded at once",
            messages.filter(state=State.DONE, replayed_from=0).exists(),
            "Run `manage.py startservice gifts`, start the shop anew, and buy something before you add the bug.",
        ),
        Step(
            "Another one became a dead letter",
            messages.died().exists(),
            f"Add the bug to `extensions/gifts/services.py`. {deploy}, then buy something.",
        ),
        Step(
            "You retried it after the fix, and it succeeded",
            messages.filter(state=State.DONE, replayed_from__gt=0).exists(),
            f"Write `subtotal` instead of `sub_total`. {deploy}, then retry the task.",
        ),
    ]


def to_production() -> list[Step]:
    outside = Step(
        "These are the settings of a shop outside demo mode",
        not settings.CONVEYOR_DEMO,
        "Type the lesson's first `export` in this terminal.",
    )
    if pending_migrations():
        return [
            outside,
            Step("The shop has started", False, "Run `make run` in the first terminal."),
        ]
    charged = charges(orders_of_yours()).filter(state=State.DONE)
    return [
        outside,
        Step("The doctor finds nothing", not run_checks(), "Run `manage.py doctor`, and the commands that it prints."),
        Step(
            "You placed an order, and it is shipped",
            orders_of_yours().filter(status__in=ARRIVING).exists(),
            "Run `manage.py seed_demo`, and buy something at http://localhost:8000.",
        ),
        Step(
            "Two releases have charged orders of yours",
            charged.exclude(release="").values("release").distinct().count() > 1,
            "Pause the queue `payments`, buy something, start the shop with `CONVEYOR_RELEASE=two`, and resume it.",
        ),
    ]


def _overtaken() -> bool:
    done = charges(orders_of_yours()).filter(state=State.DONE)
    before = done.filter(
        priority__lt=Priority.HIGH, created_at__lt=OuterRef("created_at"), started_at__gt=OuterRef("started_at")
    )
    return done.filter(Exists(before), priority=Priority.HIGH).exists()


def _storm() -> dict[str, Any]:
    """What the last storm counted. Nothing, if there was none."""
    try:
        return dict(json.loads((Path(settings.VAR_DIR) / "lessons" / "storm.json").read_text())["publish"])
    except (OSError, ValueError, KeyError):
        return {}


CHECKS: Final[dict[int, Callable[[], list[Step]]]] = {
    1: run_and_buy,
    2: break_and_fix,
    3: three_ways_to_publish,
    4: retries_dead_letters_priorities,
    5: your_own_app,
    6: to_production,
}
