"""Throughput of one relay: `python bench/relay.py [--messages 20000] [--batch 1000] [--backlog 100000]`.

Uses scratch instances of PostgreSQL with RabbitMQ and of SQLite with Valkey, and removes them afterwards. Measures
enqueueing (one transaction per batch), then claiming, publishing and confirming. Nothing consumes: after each batch,
and outside the time that is measured, the rows in flight are settled and the queues emptied. On PostgreSQL the same is
measured again with `--backlog` more messages due. Prints medians of the batches.
"""

import argparse
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from bench.support.report import Report, load
from bench.support.scratch import run_on_scratch

#: Budget of what a relay sends a second to RabbitMQ.
SENT = 5000
INNER = """
import json, statistics, sys, time, django
django.setup()
from bench.support.scratch import consume, fill_ledger
from config.celery import app as celery_app
from django.db import connection
from messaging import outbox
from messaging.relay.loop import Pace, Relay
from messaging.retention import PurgeFinished
count, batch, backlog = map(int, sys.argv[1:])
relay = Relay(celery_app, Pace(batch=batch, chores_every=3600))
relay.turn()
def enqueue():
    began = time.perf_counter()
    for _ in range(count // batch):
        with outbox.transaction():
            for _ in range(batch):
                outbox.enqueue(PurgeFinished(), subject="bench")
    return count / (time.perf_counter() - began)
def send():
    rates, cpu = [], 0.0
    for _ in range(count // batch):
        began, cpu_began = time.perf_counter(), time.process_time()
        assert relay.turn() == batch, "less than a batch was sent"
        rates.append(batch / (time.perf_counter() - began))
        cpu += time.process_time() - cpu_began
        consume()
    return [statistics.median(rates), max(rates), count / cpu]
found = {"enqueued": [enqueue()], "sent": send()}
if connection.vendor == "postgresql" and backlog:
    with connection.cursor() as cursor:
        fill_ledger(cursor, rows=backlog + count, state="pending")
        cursor.execute("VACUUM ANALYZE messaging_message")
    found["beside a backlog"] = send()
print(json.dumps(found))
"""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--messages", type=int, default=20_000)
    parser.add_argument("--batch", type=int, default=1000)
    parser.add_argument("--backlog", type=int, default=100_000)
    options = parser.parse_args()
    report = Report(20, 72, 8)
    for backend in ("production", "embedded"):
        env = {"CONVEYOR_IN_FLIGHT": str(4 * options.batch)}
        found = run_on_scratch(backend, INNER, options.messages, options.batch, options.backlog, env=env)
        if found is None:
            continue
        print(f"{backend} ({load()})")
        for what, (median, *more) in found.items():
            best = "   best {:8,.0f}/s   per second of the relay's CPU {:8,.0f}".format(*more) if more else ""
            is_budgeted = backend == "production" and bool(more)
            budget = f"{SENT:,}/s" if is_budgeted else ""
            report.row(f"  {what}", f"{median:8,.0f}/s{best}", budget, kept=not is_budgeted or median >= SENT)
    report.exit()


if __name__ == "__main__":
    main()
