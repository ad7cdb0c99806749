"""Retention beside a working relay: `python bench/retention.py [--old 20000] [--due 10000]`.

Uses scratch instances of PostgreSQL and RabbitMQ, and removes them afterwards. Measures how fast one worker deletes
messages that succeeded long ago, how fast a relay sends alone, and how fast it sends meanwhile.
"""

import argparse
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from bench._scratch import run_on_scratch

#: Of the old messages one in ten has a failed attempt.
INNER = """
import json, subprocess, sys, time, django
django.setup()
from django.db import connection
from config import celery_app
from messaging import outbox, retention
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
    if part.has_time:
        break
print(deleted / (time.perf_counter() - began), flush=True)
'''
def fill():
    with connection.cursor() as cursor:
        cursor.execute('''
INSERT INTO messaging_message (id, task, queue, routing_key, priority, payload, schema_version, state, available_at,
    attempts, replayed_from, sends, sent_at, finished_at, subject, correlation_id, traceparent, created_at, error_type,
    error_message, fingerprint, note)
SELECT gen_random_uuid(), 'payments.charge_payment', 'payments', 'payment.charge.normal', 5,
    jsonb_build_object('payment_id', n), 1, 'done', at, 0, 0, 1, at, at, 'CV-' || n / 5, gen_random_uuid(), '', at,
    '', '', '', ''
FROM (SELECT n, now() - interval '40 days' - n * interval '1 second' AS at FROM generate_series(1, %s) AS n) AS made
''', [old])
        cursor.execute('''
INSERT INTO messaging_attempt (message_id, number, worker, ended_at, error_type, error_message, traceback, fingerprint)
SELECT id, 1, 'w', finished_at, 'Bug', '', repeat('x', 2000), '' FROM messaging_message
WHERE state = 'done' AND (payload->>'payment_id')::int % 10 = 0
''')
        cursor.execute("VACUUM ANALYZE")
def purge():
    process = subprocess.Popen([sys.executable, "-c", PURGE], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    process.stdout.readline()
    return process
def begin(process):
    process.stdin.write("go" + chr(10)); process.stdin.flush()
def enqueue():
    for _ in range(max(2, due // 1000)):
        with outbox.transaction():
            for _ in range(1000):
                outbox.enqueue(retention.PurgeFinished(), subject="bench")
    relay.turn()
def rate(during):
    began, sent = time.perf_counter(), 0
    during()
    while found := relay.turn():
        sent += found
    return sent / (time.perf_counter() - began)
relay = Relay(celery_app, Pace(batch=1000, chores_every=3600))
rates = {"alone": [], "meanwhile": []}
fill()
process = purge()
begin(process)
deleted = float(process.stdout.readline())
for _ in range(3):
    enqueue()
    rates["alone"].append(rate(lambda: None))
    fill()
    process = purge()
    enqueue()
    rates["meanwhile"].append(rate(lambda: begin(process)))
    process.stdout.readline()
median = {name: sorted(found)[1] for name, found in rates.items()}
print(json.dumps({"deleted": deleted, **median}))
"""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--old", type=int, default=20_000)
    parser.add_argument("--due", type=int, default=10_000)
    options = parser.parse_args()
    found = run_on_scratch("production", INNER, options.old, options.due)
    if "deleted" not in found:
        print(found)
        sys.exit("failed" in found)
    print(f"retention alone       {found['deleted']:8,.0f} messages/s deleted (budget 5,000)")
    print(f"relay alone           {found['alone']:8,.0f} messages/s sent")
    share = 100 * (1 - found["meanwhile"] / found["alone"])
    print(f"relay beside it       {found['meanwhile']:8,.0f} messages/s sent: {share:.0f} % less (budget 10 %)")


if __name__ == "__main__":
    main()
