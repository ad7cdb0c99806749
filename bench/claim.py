"""Claims from a long ledger: `python bench/claim.py [--due 1000000] [--claims 20]`.

Uses a scratch PostgreSQL database that is removed afterwards. Rows are spread over the queues, a tenth of them urgent,
and half as many are due later. What was claimed is settled before the next claim. Prints the median and the longest
time to claim 1,000 rows through the ORM, the time of the statement alone, the look at all lanes, and the time of a
query that sorts what is due, for comparison. Exits with 1 if the statement exceeds its budget.
"""

import argparse
import sys
import time
from pathlib import Path

PROJECT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(PROJECT))

from bench.support.report import Report, load  # noqa: E402
from bench.support.scratch import run_on_scratch  # noqa: E402

#: Median milliseconds of the statement.
BUDGET = 20.0
INNER = """
import json, sys, statistics, time, django
django.setup()
from bench.support.scratch import fill_ledger, settle
from django.db import connection
from django.test.utils import CaptureQueriesContext
from messaging.models import Message, State
from messaging.relay.claim import claim
from messaging.relay.lanes import pending_lanes
due, claims = int(sys.argv[1]), int(sys.argv[2])
with connection.cursor() as cursor:
    fill_ledger(cursor, rows=due, state="pending")
    fill_ledger(cursor, rows=due // 2, state="pending", days=1)
    cursor.execute("VACUUM ANALYZE messaging_message")
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
    settle()
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
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--due", type=int, default=1_000_000)
    parser.add_argument("--claims", type=int, default=20)
    options = parser.parse_args()
    report, began = Report(44, 32, 8), time.perf_counter()
    found = run_on_scratch("production", INNER, options.due, options.claims, env={"CONVEYOR_IN_FLIGHT": "4000"})
    if found is not None:
        print(f"1,000 of {options.due:,} due rows, medians of {options.claims} claims")
        report.row("a claim", f"{found['claim']} ms, longest {found['longest']} ms", "")
        statement = found["statement"]
        report.row("of which the statement", f"{statement} ms", f"{BUDGET:g} ms", kept=statement <= BUDGET)
        report.row("the look at all lanes", f"{found['look']} ms", "")
        report.row("for comparison, sorting what is due", f"{found['sorted']:,} ms", "")
        print(f"{time.perf_counter() - began:.0f} s in all, {load()}")
    report.exit()


if __name__ == "__main__":
    main()
