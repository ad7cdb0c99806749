"""Bulk retry of 10,000 messages at 200 a second: `python bench/operations/bulk.py [--messages N] [--backend NAME]`.

Runs the real relay, workers and beat on scratch instances of PostgreSQL and RabbitMQ, or SQLite and Valkey, and removes
them afterwards. Exits with 1 if a guarantee is violated:
- if the canary fails again, the bulk retry stops and only the canary was sent;
- if its driver's worker is killed with SIGKILL, it continues and sends nothing twice;
- no one-second window exceeds the rate, without tolerance;
- nothing is sent more than 5 seconds after a cancellation.
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

PROJECT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(PROJECT))

from bench.support.report import Report, Row, skipping  # noqa: E402

RATE, CANARY = 200, 10


class Bench:
    """All scenarios in sequence on one stack."""

    def __init__(self, stack: Any, count: int) -> None:
        from tests.flows import bulk_retry

        self.stack, self.count, self._bulk = stack, count, bulk_retry

    def rows(self) -> Iterator[Row]:
        yield from self.canary_fails()
        yield from self.driver_is_killed()
        yield from self.cancelled()

    def canary_fails(self) -> Iterator[Row]:
        id_ = self._start(succeed=False)
        self._until(id_, lambda seen: seen.state == "stopped" and not seen.sent)
        sent = len(self._send_times(id_))
        yield "failing canary", f"stopped after {sent} of {self.count}", f"{CANARY}", sent == CANARY
        self._clear()

    def driver_is_killed(self) -> Iterator[Row]:
        began = time.perf_counter()
        id_ = self._start()
        yield "preview and start", f"{time.perf_counter() - began:.1f} s", "includes starting the command", True
        self._until(id_, lambda seen: seen.succeeded > self.count / 5)
        driver = self.stack.worker("maintenance")
        driver.kill()
        driver.start()
        final = self._until(id_, lambda seen: seen.state == "finished", timeout=300)
        moments = self._send_times(id_)
        seconds = (moments[-1] - moments[0]).total_seconds()
        complete = final.succeeded == self.count
        yield "driver killed", f"{final.succeeded} succeeded once", f"{self.count}", complete
        pause = max(later - at for at, later in itertools.pairwise(moments)).total_seconds()
        yield "resumed after", f"{pause:.1f} s", "", True
        yield "total", f"{seconds:.0f} s, {len(moments) / seconds:.0f}/s", f"at most {RATE}/s", True
        peak = self._bulk.busiest_second(moments)
        yield "busiest second", f"{peak}", f"at most {RATE}", peak <= RATE
        self._clear()

    def cancelled(self) -> Iterator[Row]:
        from django.utils import timezone

        id_ = self._start()
        self._until(id_, lambda seen: seen.succeeded > self.count / 10)
        requested_at = timezone.now()
        self._dlq("cancel", id_)
        time.sleep(6)
        moments = self._send_times(id_)
        late = (moments[-1] - requested_at).total_seconds()
        yield "cancelled", f"last message {late:+.1f} s after the command", "at most 5 s", late <= 5
        cancelled = self._bulk.operation(id_, using="default").cancelled
        complete = cancelled + len(moments) == self.count
        yield "left untouched", f"{cancelled} + {len(moments)} sent", f"{self.count}", complete

    def _start(self, *, succeed: bool = True) -> str:
        self._bulk.make_dead(self.count, using="default", succeed=succeed)
        pace = ("--rate", str(RATE), "--canary", str(CANARY), "--stop-ratio", "0.5")
        return str(self._dlq("retry", "--queue", "shipping", *pace)["id"])

    def _dlq(self, *arguments: str) -> dict[str, Any]:
        done = self.stack.manage("dlq", *arguments, "--json")
        assert done.returncode == 0, done.stderr
        return dict(json.loads(done.stdout))

    def _until(self, id_: str, reached: Callable[[Any], bool], *, timeout: float = 120) -> Any:
        began = time.perf_counter()
        while not reached(seen := self._bulk.operation(id_, using="default")):
            assert time.perf_counter() - began < timeout, f"after {timeout} s: {seen.__dict__}"
            time.sleep(0.2)
        return seen

    def _send_times(self, id_: str) -> list[Any]:
        return list(self._bulk.send_times(id_, using="default"))

    def _clear(self) -> None:
        from messaging.models import Message

        Message.objects.filter(queue="shipping").delete()


def measure(backend: str, count: int, report: Report) -> None:
    from tests.stack.standalone import running

    options = {"workers": {"shipping": 2, "maintenance": 1}, "web": False, "env": {"CONVEYOR_VISIBILITY": "60"}}
    with skipping(), running(backend, **options) as stack:
        _use_database_of(stack.env)
        report.row("", "measured", "expected")
        for *cells, kept in Bench(stack, count).rows():
            report.row(*cells, kept=kept)


def _use_database_of(env: dict[str, str]) -> None:
    """Point this process's Django at the stack's database."""
    import django

    os.environ.update(env | {"DJANGO_SETTINGS_MODULE": "config.settings", "LOG_LEVEL": "WARNING"})
    django.setup()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--messages", type=int, default=10_000)
    parser.add_argument("--backend", choices=("production", "embedded"), default="production")
    options = parser.parse_args()
    report = Report(24, 44, 30)
    measure(options.backend, options.messages, report)
    report.exit()


if __name__ == "__main__":
    main()
