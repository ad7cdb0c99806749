"""The capacity model beside the running shop: `python bench/capacity.py [--loads 2,4,8] [--seconds 25] [--write]`.

Runs the shop on scratch instances of PostgreSQL and RabbitMQ under a steady load of orders. `--write` takes the service
times from the first load and stores them for `manage.py capacity`, in shop/capacity/service_times.json; the model is
checked against the others. Prints what is predicted with the slots that run, what is measured, and the difference.
"""

import argparse
import datetime as dt
import json
import sys
from collections.abc import Iterator, Mapping
from dataclasses import fields
from pathlib import Path
from typing import TYPE_CHECKING

PROJECT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(PROJECT))

from bench.support.paced_shop import SLOTS, PacedShop, Run, paced_shop  # noqa: E402
from bench.support.report import Report, load, skipping  # noqa: E402

if TYPE_CHECKING:
    from shop.capacity.plan import Station
    from shop.capacity.service_times import ServiceTimes, Work

#: Messages a second that `bench/retention.py` deleted and `bench/relay.py` sent, and sent in a second of CPU, on the
#: machine on which the service times were measured.
DELETED, SENT, SENT_CPU = 13_539, 6_439, 9_121
WARM_UP = 6.0
#: What, predicted, measured, unit.
Pair = tuple[str, float, float, str]


def service_times(run: Run, shop: PacedShop) -> dict[str, object]:
    """The values of `ServiceTimes`, from one load."""
    cpu = dict(run.cpu)
    for queue in SLOTS:
        cpu[queue] /= sum(task.per_order for task in run.tasks.values() if task.queue == queue)
    for per_message in ("relay", "RabbitMQ"):
        cpu[per_message] /= run.messages
    transport = max(0.001, run.wait("shipping") - station(run, work_of(run, "shipping"), "shipping").mean_wait)
    cpu["relay"] = (cpu["relay"] - 1 / SENT_CPU) * (1 + run.rate * run.messages * transport)
    return {
        "measured_on": dt.datetime.now(dt.UTC).date().isoformat(),
        "command": "python bench/capacity.py --write",
        "machine": load(),
        "tasks": {
            name: {
                "queue": task.queue,
                "per_order": round(task.per_order, 3),
                "seconds": round(task.seconds, 5),
                "variation": round(task.variation, 4),
            }
            for name, task in sorted(run.tasks.items())
        },
        "cpu": {kind: round(seconds, 6) for kind, seconds in sorted(cpu.items())},
        "request_seconds": round(run.request, 5),
        "transport_seconds": round(transport, 5),
        "batched_seconds": round(1 / SENT, 6),
        "batched_cpu": round(1 / SENT_CPU, 6),
        "purged_per_second": DELETED,
        "message_bytes": round(shop.message_bytes()),
    }


def work_of(run: Run, queue: str) -> "Work":
    """What the messages of a queue were in this load."""
    from shop.capacity.service_times import Task, Work

    tasks = [task for task in run.tasks.values() if task.queue == queue]
    return Work.of([Task(**{field.name: getattr(task, field.name) for field in fields(Task)}) for task in tasks])


def station(run: Run, work: "Work", queue: str) -> "Station":
    """A queue with the slots that were running, at this load, as the model has it."""
    from shop.capacity import plan

    rate, slots = run.rate * work.per_order, SLOTS[queue]
    return plan.station(name=queue, rate=rate, service=work.seconds, cpu=0, variation=work.variation, servers=slots)


def compared(run: Run, idle: Mapping[str, float]) -> Iterator[Pair]:
    """Cores, busy slots and waits, as the model predicts them with the slots that were running."""
    from shop.capacity.plan import plan
    from shop.capacity.service_times import ServiceTimes

    times = ServiceTimes.stored()
    expected = plan(orders_per_second=run.rate, times=times)
    yield "messages a second", expected.messages_per_second, run.rate * run.messages, ""
    for kind, seconds in per_orders(times, expected.messages_per_second).items():
        yield f"{kind}, cores", run.rate * seconds + idle[kind], run.rate * run.cpu[kind] + idle[kind], ""
    for queue in SLOTS:
        found, was = station(run, times.of_queue(queue), queue), work_of(run, queue)
        yield f"{queue}, busy slots", found.load, run.rate * was.per_order * was.seconds, ""
        yield (
            f"{queue}, commit to start",
            1000 * (found.mean_wait + times.transport_seconds),
            1000 * run.wait(queue),
            "ms",
        )


def per_orders(times: "ServiceTimes", messages: float) -> dict[str, float]:
    """CPU seconds of an order by process when that many messages are sent a second."""
    of_messages = {queue: times.of_queue(queue).per_order for queue in SLOTS}
    of_messages |= {"RabbitMQ": times.messages_per_order}
    found = {kind: seconds * of_messages.get(kind, 1.0) for kind, seconds in times.cpu.items()}
    return found | {"relay": times.messages_per_order * times.relay_cpu(messages)}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--loads", default="2,4,8", help="orders a second, separated by commas")
    parser.add_argument("--seconds", type=float, default=25.0, help="of each load")
    parser.add_argument("--write", action="store_true", help="store the service times of the first load")
    options, report = parser.parse_args(), Report(34, 14, 14, 12)
    with skipping(), paced_shop() as shop:
        shop.run(rate=4, seconds=WARM_UP, idle={})
        idle = shop.idle(seconds=8)
        for number, rate in enumerate(map(float, options.loads.split(","))):
            run = shop.run(rate=rate, seconds=options.seconds, idle=idle)
            if options.write and not number:
                store(service_times(run, shop))
                print(f"service times measured at {run.rate:.2f} orders a second ({load()})", flush=True)
                continue
            print(f"\n{run.rate:.2f} orders a second ({load()})")
            report.row("", "     predicted", "      measured", "  difference")
            for what, predicted, measured, unit in compared(run, idle):
                difference = f"{(predicted - measured) / measured:+12.0%}" if measured else ""
                report.row(f"{what} {unit}", f"{predicted:14.3f}", f"{measured:14.3f}", difference)


def store(values: dict[str, object]) -> None:
    from shop.capacity.service_times import FILE

    FILE.write_text(json.dumps(values, indent=2) + "\n")


if __name__ == "__main__":
    main()
