"""Waits of high, normal and low messages under load: `python bench/priorities.py [--seconds 30]`.

A real relay and a worker with four slots send e-mails on scratch instances of PostgreSQL and RabbitMQ; the mail server
takes 0.2 s for each. Of the messages 55 % are high, 40 % normal and 5 % low, and they arrive at random moments at 50,
90 and 120 % of what the worker does. Measured is the time from the commit to the start, without ageing and with it
(`CONVEYOR_MAX_WAIT`). Prints percentiles and draws them in docs/images/performance. Exits with 1 if the 95th percentile
of high messages exceeds five service times at any load, or if with ageing a low message waits longer than its bound.
"""

import argparse
import math
import random
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

PROJECT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(PROJECT))

from bench.pipeline.results.figures import percentile  # noqa: E402
from bench.support import svg  # noqa: E402
from bench.support.overloaded_shop import Shop  # noqa: E402
from bench.support.report import Report, load, skipping  # noqa: E402

SLOTS, IN_FLIGHT, MAX_WAIT, NEVER = 4, 20, 5, 86_400
#: Divided by `LOOKS` of `messaging.relay.recovery`, the seconds between two looks at what the broker passes over.
VISIBILITY = 30
LOADS = (50, 90, 120)
#: Shares of all messages. At 120 %, high and normal ones alone are more than the worker does.
MIX = {"high": 0.55, "normal": 0.40, "low": 0.05}
#: Of high messages, in service times: a high message waits for the slots' prefetched messages, one each, and for the
#: high ones before it.
HIGH_BUDGET = 5
QUEUE = "notifications"
FOLDER = PROJECT / "docs" / "images" / "performance"
#: Seconds that each message of a priority waited.
Waits = dict[str, list[float]]


class Bench:
    """A running shop whose only worker sends e-mails."""

    def __init__(self, stack: Any) -> None:
        self._shop, self._stack, self._dice, self._runs = Shop(stack), stack, random.Random(5), 0
        from orders.models import Order

        self._order = Order.objects.order_by("pk").values_list("pk", flat=True)[0]

    def service_seconds(self) -> float:
        """Seconds of a slot for a message, from a burst."""
        from messaging.models import Message

        subject, count = "burst", 15 * SLOTS
        for _ in range(count):
            self._add("normal", subject)
        self._shop.until(lambda: self._shop.done(subject=subject) == count)
        rows = Message.objects.filter(subject=subject)
        ends = sorted(row.finished_at for row in rows if row.finished_at)
        return SLOTS * (ends[-1] - ends[SLOTS - 1]).total_seconds() / (count - SLOTS)

    def set_max_wait(self, seconds: int) -> None:
        relay = self._stack.relays[0]
        relay.env |= {"CONVEYOR_MAX_WAIT": str(seconds)}
        relay.restart()
        self._add("normal", f"ready-{seconds}")
        self._shop.until(lambda: self._shop.done(subject=f"ready-{seconds}"))

    def waits(self, *, rate: float, seconds: float) -> Waits:
        """Of messages that arrive for that long, `rate` a second. Waits until all are done."""
        from messaging.models import Message

        self._runs += 1
        subjects = {name: f"{name}-{self._runs}" for name in MIX}
        began = at = time.perf_counter()
        while (at := at + self._dice.expovariate(rate)) < began + seconds:
            time.sleep(max(0.0, at - time.perf_counter()))
            (name,) = self._dice.choices(list(MIX), list(MIX.values()))
            self._add(name, subjects[name])
        live = Message.objects.live().filter(subject__in=subjects.values())
        self._shop.until(lambda: not live.exists())
        return {name: self._waited(subject) for name, subject in subjects.items()}

    def _add(self, name: str, subject: str) -> None:
        from messaging import outbox
        from messaging.topology import Priority
        from orders.payloads import SendEmail

        with outbox.transaction():
            payload = SendEmail(order_id=self._order, kind="paid")
            outbox.enqueue(payload, priority=Priority[name.upper()], subject=subject)

    def _waited(self, subject: str) -> list[float]:
        from messaging.models import Message

        rows = Message.objects.filter(subject=subject, state="done").values_list("created_at", "started_at")
        return sorted((started - created).total_seconds() for created, started in rows if started)


@contextmanager
def running_bench() -> Iterator[Bench]:
    from tests.stack.standalone import running

    env = {"CONVEYOR_IN_FLIGHT": str(IN_FLIGHT), "CONVEYOR_VISIBILITY": str(VISIBILITY)}
    with running("production", workers={}, beat=False, env=env) as stack:
        worker = stack.new_worker(QUEUE, SLOTS, pool="threads")
        mail = {
            "CONVEYOR_DEMO": "0",
            "CONVEYOR_ALLOW_SIMULATED": "1",
            "EMAIL_BACKEND": "bench.support.slow_mail.Backend",
        }
        worker.env = worker.env | mail
        stack.workers.append(worker)
        worker.start()
        yield Bench(stack)


def run(bench: Bench, report: Report, *, seconds: float) -> dict[tuple[str, int], Waits]:
    service = bench.service_seconds()
    capacity = SLOTS / service
    print(f"{capacity:.1f} messages a second with {SLOTS} slots, {service:.3f} s each ({load()})")
    found = {}
    report.row("", "load", "messages", "p50 s", "p95 s", "p99 s", "longest s", "budget s")
    for mode, max_wait in (("without ageing", NEVER), ("with ageing", MAX_WAIT)):
        bench.set_max_wait(max_wait)
        for percent in LOADS:
            waits = found[mode, percent] = bench.waits(rate=capacity * percent / 100, seconds=seconds)
            for name, values in waits.items():
                p50, p95, p99 = (_percentile(values, share) for share in (50, 95, 99))
                budget, measured = math.inf, p95
                if name == "high":
                    budget = HIGH_BUDGET * service
                elif name == "low" and max_wait == MAX_WAIT:
                    budget, measured = low_bound(percent, capacity), max(values, default=0)
                times = (f"{value:.2f}" for value in (p50, p95, p99, max(values, default=0)))
                shown = f"{budget:.2f}" if budget < math.inf else ""
                report.row(f"{name}, {mode}", f"{percent} %", str(len(values)), *times, shown, kept=measured <= budget)
    return found


def _percentile(values: Sequence[float], share: int) -> float:
    return percentile(values, share) if values else 0.0


def low_bound(percent: int, capacity: float) -> float:
    """Seconds that a low message waits at most while others overtake it.

    It ages for `MAX_WAIT` in the ledger, or is sent just before and ages again at the broker until the next look. A
    tenth of the worker is for aged ones, which is more than arrive, but those that have arrived while the first of them
    aged come before it. Then comes what is in flight, and a second for chance.
    """
    from messaging.relay.recovery import LOOKS

    before_it = MAX_WAIT * MIX["low"] * percent / 100 * 10
    return 2 * MAX_WAIT + VISIBILITY / LOOKS + before_it + IN_FLIGHT / capacity + 1


def draw(found: dict[tuple[str, int], Waits]) -> None:
    FOLDER.mkdir(parents=True, exist_ok=True)
    for mode in ("without ageing", "with ageing"):
        lines = {
            f"{name}, {label}": [
                (percent, max(0.001, _percentile(found[mode, percent][name], share))) for percent in LOADS
            ]
            for name in MIX
            for label, share in (("median", 50), ("p95", 95))
        }
        chart = svg.lines(
            f"Waits by priority, {mode}",
            lines,
            x="load, % of the worker's rate",
            y="seconds from commit to start",
            log_x=False,
        )
        (FOLDER / f"priorities-{mode.replace(' ', '-')}.svg").write_text(chart)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, default=30.0, help="of each load")
    options, report = parser.parse_args(), Report(24, 8, 10, 9, 9, 9, 11, 9)
    with skipping(), running_bench() as bench:
        draw(run(bench, report, seconds=options.seconds))
    report.exit()


if __name__ == "__main__":
    main()
