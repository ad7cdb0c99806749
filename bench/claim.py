"""Claims from a long ledger: `python bench/claim.py [--due 1000000] [--claims 20]`.

Uses a scratch PostgreSQL database that is removed afterwards. Rows are spread over the queues, a tenth of them urgent,
and as many rows again are due later. Prints the median and the longest time to claim 1,000 rows through the ORM, the
time of the statement alone, the look at all lanes, and the time of a query that sorts what is due, for comparison.
"""

import argparse
import sys
import time
from pathlib import Path

PROJECT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(PROJECT))
INNER = """
import json, sys, statistics, time, django
django.setup()
from django.db import connection
from django.test.utils import CaptureQueriesContext
from messaging.conf import settings
from messaging.models import Message, State
from messaging.relay.claim import claim
from messaging.relay.lanes import pending_lanes
due, claims = int(sys.argv[1]), int(sys.argv[2])
settings.__class__.CONVEYOR_IN_FLIGHT = property(lambda self: 10**9)
with connection.cursor() as cursor:
    cursor.execute('''
        INSERT INTO messaging_message (id, task, queue, routing_key, priority, payload, schema_version, state,
            available_at, attempts, replayed_from, sends, subject, correlation_id, traceparent, created_at, error_type,
            error_message, fingerprint, note)
        SELECT gen_random_uuid(), 'orders.send_email', (ARRAY['payments', 'shipping', 'notifications'])[1 + n %% 3],
            'notification.send.low', CASE WHEN n %% 10 = 0 THEN 9 ELSE 1 END, '{"order": 1, "kind": "placed"}', 1,
            'pending', CASE WHEN n <= %s THEN now() - n * interval '1 millisecond' ELSE now() + interval '1 day' END,
            0, 0, 0, 'CV-' || n, gen_random_uuid(), '', now(), '', '', '', ''
        FROM generate_series(1, 2 * %s) AS n''', [due, due])
    cursor.execute("ANALYZE messaging_message")
    cursor.execute("CHECKPOINT")
looks, times, statements = [], [], []
for _ in range(claims):
    began = time.perf_counter()
    pending_lanes()
    looks.append(time.perf_counter() - began)
    with CaptureQueriesContext(connection) as queries:
        began = time.perf_counter()
        assert len(claim(limit=1000)) == 1000
        times.append(time.perf_counter() - began)
    statements.append(sum(float(q["time"]) for q in queries if "UPDATE" in q["sql"]))
with connection.cursor() as cursor:
    began = time.perf_counter()
    cursor.execute('''SELECT id FROM messaging_message WHERE state = 'pending' AND available_at <= now()
        ORDER BY -priority, available_at LIMIT 1000 FOR UPDATE SKIP LOCKED''')
    cursor.fetchall()
    sorted_ = time.perf_counter() - began
ms = lambda values: round(1000 * statistics.median(values), 1)
print(json.dumps({"claim": ms(times), "longest": round(1000 * max(times), 1), "statement": ms(statements),
    "look": ms(looks), "sorted": round(1000 * sorted_)}))
"""


def main() -> None:
    from bench._scratch import run_on_scratch

    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--due", type=int, default=1_000_000)
    parser.add_argument("--claims", type=int, default=20)
    options = parser.parse_args()
    began = time.perf_counter()
    found = run_on_scratch("production", INNER, options.due, options.claims)
    if "claim" not in found:
        sys.exit(str(found))
    print(
        f"1,000 of {options.due:,} due rows, median of {options.claims} claims: {found['claim']} ms"
        f" (longest {found['longest']} ms), of which the statement {found['statement']} ms;"
        f" look at all lanes {found['look']} ms; by sorting what is due {found['sorted']:,} ms"
    )
    print(f"{time.perf_counter() - began:.0f} s in all")


if __name__ == "__main__":
    main()
