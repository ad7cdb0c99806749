"""Does a bulk retry of 10,000 dead tasks at 200 a second hold what it promises? `python bench/bulk.py [--messages N]`

On a scratch PostgreSQL and RabbitMQ with real relay, workers and beat, which are removed afterwards, or with
`--backend embedded` on SQLite and Valkey. Exit code 1 when a promise is broken:
- when the canary fails again it stops by itself, and nothing but the canary was sent;
- when the worker that drives it is killed with -9 it goes on, and nothing is sent twice;
- no window of one second sees more than the rate. There is no tolerance: see `messaging/bulk/pace.py`;
- nothing is sent later than 5 seconds after it was cancelled.
"""

import argparse
import itertools
import json
import os
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

PROJECT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(PROJECT))
RATE, CANARY = 200, 10
Row = tuple[str, str, str, bool]


class Bench:
    """The scenarios, one after the other on one stack."""

    def __init__(self, stack: Any, count: int) -> None:
        from tests.flows import bulk

        self.stack, self.count, self._bulk = stack, count, bulk

    def rows(self) -> Iterator[Row]:
        yield from self.canary_fails()
        yield from self.driver_is_killed()
        yield from self.cancelled()

    def canary_fails(self) -> Iterator[Row]:
        id_ = self._start(mended=False)
        self._until(id_, lambda seen: seen.state == "stopped" and not seen.sent)
        sent = len(self._sendings(id_))
        yield "stops by itself", f"after {sent} of {self.count}", f"{CANARY}", sent == CANARY
        self._clear()

    def driver_is_killed(self) -> Iterator[Row]:
        began = time.perf_counter()
        id_ = self._start()
        yield "preview and start", f"{time.perf_counter() - began:.1f} s", "with the command's own start", True
        self._until(id_, lambda seen: seen.succeeded > self.count / 5)
        driver = self.stack.worker("maintenance")
        driver.kill()
        driver.start()
        ended, _ = self._until(id_, lambda seen: seen.state == "finished", timeout=300)
        moments = self._sendings(id_)
        seconds = (moments[-1] - moments[0]).total_seconds()
        whole = ended.succeeded == self.count
        yield "driver killed with -9", f"{ended.succeeded} succeeded once", f"{self.count}", whole
        pause = max(later - at for at, later in itertools.pairwise(moments)).total_seconds()
        yield "resumed after", f"{pause:.1f} s", "", True
        yield "sent in all", f"{seconds:.0f} s, {len(moments) / seconds:.0f}/s", f"not above {RATE}/s", True
        peak = self._bulk.busiest_second(moments)
        yield "busiest second", f"{peak}", f"{RATE}", peak <= RATE
        self._clear()

    def cancelled(self) -> Iterator[Row]:
        from django.utils import timezone

        id_ = self._start()
        self._until(id_, lambda seen: seen.succeeded > self.count / 10)
        asked = timezone.now()
        self._dlq("cancel", id_)
        time.sleep(6)
        moments = self._sendings(id_)
        late = (moments[-1] - asked).total_seconds()
        yield "cancelled", f"last sent {late:+.1f} s after the command began", "5 s", late <= 5
        cancelled = self._bulk.operation(id_, using="default").cancelled
        whole = cancelled + len(moments) == self.count
        yield "left as they were", f"{cancelled} + {len(moments)} sent", f"{self.count}", whole

    def _start(self, *, mended: bool = True) -> str:
        self._bulk.make_dead(self.count, using="default", mended=mended)
        pace = ("--rate", str(RATE), "--canary", str(CANARY), "--stop-ratio", "0.5")
        return str(self._dlq("retry", "--queue", "shipping", *pace)["id"])

    def _dlq(self, *arguments: str) -> dict[str, Any]:
        done = self.stack.manage("dlq", *arguments, "--json")
        assert done.returncode == 0, done.stderr
        return dict(json.loads(done.stdout))

    def _until(self, id_: str, reached: Callable[[Any], bool], *, timeout: float = 120) -> tuple[Any, float]:
        began = time.perf_counter()
        while not reached(seen := self._bulk.operation(id_, using="default")):
            assert time.perf_counter() - began < timeout, f"after {timeout} s: {seen.__dict__}"
            time.sleep(0.2)
        return seen, time.perf_counter() - began

    def _sendings(self, id_: str) -> list[Any]:
        return list(self._bulk.sendings(id_, using="default"))

    def _clear(self) -> None:
        from messaging.models import Message

        Message.objects.filter(queue="shipping").delete()


def measure(backend: str, count: int) -> int:
    import pytest

    from tests.stack import Stack
    from tests.stack.database import NoBlocker

    workers = {"shipping": 2, "maintenance": 1}
    try:
        stack = Stack(backend, blocker=NoBlocker(), workers=workers, web=False, env={"CONVEYOR_VISIBILITY": "60"})
    except pytest.skip.Exception as missing:
        print(f"{backend} skipped: {missing}")
        return 0
    try:
        stack.start()
        _use(stack.env)
        rows = []
        print(f"{'':24}{'measured':44}{'promised':30}")
        for what, measured, promised, kept in Bench(stack, count).rows():
            print(f"{what:24}{measured:44}{promised:30}{'' if kept else 'BROKEN'}", flush=True)
            rows.append(kept)
        return 0 if all(rows) else 1
    finally:
        stack.remove()


def _use(env: dict[str, str]) -> None:
    """This process looks into the stack's database, too."""
    import django

    os.environ.update(env | {"DJANGO_SETTINGS_MODULE": "config.settings", "LOG_LEVEL": "WARNING"})
    django.setup()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--messages", type=int, default=10_000)
    parser.add_argument("--backend", choices=("production", "embedded"), default="production")
    options = parser.parse_args()
    sys.exit(measure(options.backend, options.messages))


if __name__ == "__main__":
    main()
