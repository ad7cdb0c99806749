"""Retention beside a working relay: `python bench/retention.py [--old 20000] [--due 100000]`.

Uses scratch instances of PostgreSQL and RabbitMQ, and removes them afterwards. Measures how fast one worker deletes
messages that succeeded long ago, how fast a relay sends alone, and how fast it sends meanwhile. Exits with 1 if a
budget is missed.
"""

import argparse
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from bench.support.report import Report, load
from bench.support.scratch import run_on_scratch

#: Messages deleted per second, and the share of its own rate that a relay must keep meanwhile.
DELETED, KEPT = 5000, 0.9
#: Of the old messages one in ten has a failed attempt.
INNER = """
import json, statistics, subprocess, sys, time, django
django.setup()
from bench.support.scratch import consume, fill_ledger
from django.db import connection
from config.celery import app as celery_app
from messaging.relay.loop import Pace, Relay
old, due = int(sys.argv[1]), int(sys.argv[2])
PURGE = '''
import sys, time, django
django.setup()
from types import SimpleNamespace
from datetime import timedelta
from messaging import retention
from messaging.worker import slices
from messaging.models.uuid7 import uuid7
task = SimpleNamespace(name="bench", request=SimpleNamespace(id=str(uuid7())))
deleted = 0
print("ready", flush=True)
sys.stdin.readline()
began = time.perf_counter()
while True:
    part = slices.Slice(task)
    deleted += part.repeat(lambda: retention.purge_finished(keep=timedelta(days=30)))
    if part.is_done:
        break
print(deleted / (time.perf_counter() - began), flush=True)
'''
def fill():
    with connection.cursor() as cursor:
        fill_ledger(cursor, rows=old, state="done", days=-40)
        cursor.execute('''
INSERT INTO messaging_attempt (message_id, number, worker, ended_at, error_type, error_message, traceback, fingerprint)
SELECT id, 1, 'w', finished_at, 'Bug', '', repeat('x', 2000), '' FROM messaging_message
WHERE finished_at < now() - interval '30 days' AND right(subject, 1) = '7'
''')
        cursor.execute("VACUUM ANALYZE")
def purge():
    process = subprocess.Popen([sys.executable, "-c", PURGE], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    process.stdout.readline()
    return process
def begin(process):
    process.stdin.write("go" + chr(10)); process.stdin.flush()
def send(batches, process=None):
    rates = []
    for _ in range(batches):
        began = time.perf_counter()
        assert relay.turn() == 1000, "less than a batch was sent"
        rates.append(1000 / (time.perf_counter() - began))
        if process and process.poll() is not None:
            break
    consume()
    return rates
relay = Relay(celery_app, Pace(batch=1000, chores_every=3600))
relay.turn()
with connection.cursor() as cursor:
    fill_ledger(cursor, rows=due, state="pending")
rates = {"alone": [], "meanwhile": []}
fill()
process = purge()
begin(process)
deleted = float(process.stdout.readline())
send(3)
for _ in range(8):
    fill()
    process = purge()
    rates["alone"] += send(3)
    begin(process)
    rates["meanwhile"] += send(3, process)
    process.stdout.readline()
median = {name: statistics.median(found) for name, found in rates.items()}
print(json.dumps({"deleted": deleted, **median}))
"""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--old", type=int, default=20_000)
    parser.add_argument("--due", type=int, default=100_000, help="at least 51,000, which are sent")
    options = parser.parse_args()
    found = run_on_scratch("production", INNER, options.old, options.due, env={"CONVEYOR_IN_FLIGHT": "10000"})
    report = Report(28, 40, 16)
    if found is not None:
        deleted, share = found["deleted"], found["meanwhile"] / found["alone"]
        report.row("retention alone", f"{deleted:,.0f} messages/s deleted", f"{DELETED:,}/s", kept=deleted >= DELETED)
        report.row("relay alone", f"{found['alone']:,.0f} messages/s sent", "")
        beside = f"{found['meanwhile']:,.0f} messages/s sent, {share:.0%}"
        report.row("relay beside retention", beside, f"{KEPT:.0%}", kept=share >= KEPT)
        print(load())
    report.exit()


if __name__ == "__main__":
    main()
