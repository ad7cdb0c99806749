"""One storm over one shop."""

import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import timedelta
from threading import Event
from typing import Any

from bench.storm.faults import strike
from bench.storm.shoppers import Shoppers
from bench.storm.tally import Tally, tally
from shop.models import Product
from tests.stack import Stack

PUBLISH = ("naive", "on_commit", "ledger")
#: Seconds after which Valkey returns what a lost connection had taken.
VISIBILITY = 6
#: Seconds without progress after which nothing more will come.
STALLED = 3 * VISIBILITY
LOOK = 0.5
WORKERS = {"payments": 1, "shipping": 1, "notifications,maintenance": 1}
#: Seconds of the storm, faults so far, and the counts.
Progress = Callable[[float, int, Tally], None]


def options(publish: str) -> dict[str, Any]:
    """Arguments of `Stack` for a shop that publishes so."""
    env = {
        "DJANGO_SETTINGS_MODULE": "bench.storm.settings",
        "CONVEYOR_PUBLISH": publish,
        "CONVEYOR_VISIBILITY": str(VISIBILITY),
        "CONVEYOR_TRANSIT_SECONDS": "36000",  # parcels do not arrive: tracking would be work without a use
    }
    return {"env": env, "workers": WORKERS, "beat": False, "relays": 1 if publish == "ledger" else 0}


@contextmanager
def stocked(stack: Stack) -> Iterator[Stack]:
    """The stack with more stock than a storm can sell."""
    with stack.db() as alias:
        Product.objects.using(alias).filter(stock__gt=0).update(stock=10**6)
        yield stack


def storm(stack: Stack, *, seconds: float, progress: Progress) -> tuple[Tally, list[str]]:
    """Orders and faults for `seconds`, then wait for the last order that will come. Counts, and the faults' names."""
    over, struck, began = Event(), list[str](), time.monotonic()
    earlier = tally(stack, 0).placed

    def show() -> Tally:
        counts = tally(stack, earlier + shoppers.begun)
        progress(time.monotonic() - began, len(struck), counts)
        return counts

    with stocked(stack), Shoppers(stack).shopping() as shoppers, ThreadPoolExecutor(1) as pool:
        faults = pool.submit(strike, stack, over, struck)
        try:
            while time.monotonic() - began < seconds and not faults.done():
                show()
                time.sleep(LOOK)
        finally:
            over.set()
        faults.result()
    _settle(show)
    return tally(stack, earlier + shoppers.begun, grace=timedelta(0)), struck


def _settle(show: Callable[[], Tally]) -> None:
    """Until every order is shipped, or none has been for `STALLED` seconds."""
    shipped, moved = -1, time.monotonic()
    while time.monotonic() - moved < STALLED:
        now = show()
        if now.shipped == now.placed:
            return
        if now.shipped != shipped:
            shipped, moved = now.shipped, time.monotonic()
        time.sleep(LOOK)
