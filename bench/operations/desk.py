"""Database time of the operators' pages: `python bench/operations/desk.py [--rows 1000000] [--dead 50000]`.

Uses a scratch PostgreSQL database that is removed afterwards. Django's test client requests each page once to warm up,
then ten times. Prints the number of statements and the median time inside the database; exits with 1 if a page exceeds
its budget of 50 ms.
"""

import argparse
import sys
import time
from functools import partial
from pathlib import Path

PROJECT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(PROJECT))

from bench.support.in_process import BUDGET, get, measure, operator, scratch_shop  # noqa: E402
from bench.support.report import Report, skipping  # noqa: E402

GROUPS = 40

#: By default one row in twenty is dead, spread over queues, groups and the last month. Five messages share a subject.
LEDGER = """
INSERT INTO messaging_message (id, task, queue, routing_key, priority, payload, schema_version, state, available_at,
    attempts, replayed_from, sends, sent_at, finished_at, subject, correlation_id, traceparent, created_at, error_type,
    error_message, fingerprint, note)
SELECT gen_random_uuid(), 'payments.charge_payment', (ARRAY['payments', 'shipping', 'notifications'])[1 + n %% 3],
    'payment.charge.normal', 5, jsonb_build_object('payment_id', n, 'email', 'ada@example.com'), 1,
    CASE WHEN dead THEN 'dead' ELSE 'done' END, at, CASE WHEN dead THEN 5 ELSE 0 END, 0, 1, at, at, 'CV-' || n / 5,
    gen_random_uuid(), '', at, CASE WHEN dead THEN 'GatewayUnavailable' ELSE '' END,
    CASE WHEN dead THEN 'The bank did not answer ' || n ELSE '' END,
    CASE WHEN dead THEN 'v1-' || lpad((n / %(every)s %% %(groups)s)::text, 20, '0') ELSE '' END, ''
FROM (SELECT n, n %% %(every)s = 0 AS dead, now() - n * interval '2 seconds' AS at
      FROM generate_series(1, %(rows)s) AS n) AS made
"""
ATTEMPTS = """
INSERT INTO messaging_attempt (message_id, number, worker, ended_at, error_type, error_message, traceback, fingerprint)
SELECT id, number, 'worker@bench', finished_at, error_type, error_message,
    repeat('  File "x.py", line 1, in f' || chr(10), 20), fingerprint
FROM messaging_message, generate_series(1, 5) AS number WHERE state = 'dead'
"""
ROLLUP = """
INSERT INTO operations_failuregroup (fingerprint, task, queue, error_type, error_message, state, note, runbook,
    first_seen, last_seen, dead_count, failures)
SELECT fingerprint, max(task), max(queue), max(error_type), max(error_message), 'open', '', '', min(finished_at),
    max(finished_at), count(*), count(*)
FROM messaging_message WHERE state = 'dead' GROUP BY fingerprint
"""
HOURS = """
INSERT INTO operations_failurehour (fingerprint, hour, count)
SELECT fingerprint, date_trunc('hour', finished_at), count(*) FROM messaging_message WHERE state = 'dead' GROUP BY 1, 2
"""


def fill(rows: int, dead: int) -> None:
    from django.db import connection

    every = max(1, rows // dead)
    with connection.cursor() as cursor:
        cursor.execute(LEDGER % {"rows": rows, "every": every, "groups": GROUPS})
        for statement in (ATTEMPTS, ROLLUP, HOURS):
            cursor.execute(statement)
        cursor.execute("VACUUM ANALYZE")


def pages() -> dict[str, str]:
    from messaging.models import Message

    one = Message.objects.dead().order_by("-finished_at")[100]
    tasks, groups = "/admin/operations/failedtask/", "/admin/operations/failuregroup/"
    return {
        "groups": groups,
        "one group": f"{groups}{one.fingerprint}/change/",
        "failed tasks": tasks,
        "failed tasks, page 500": f"{tasks}?p=500",
        "failed tasks of a queue": f"{tasks}?queue=payments",
        "failed tasks of a group": f"{tasks}?group={one.fingerprint}",
        "failed tasks of a day": f"{tasks}?age=day",
        "of a queue and a month": f"{tasks}?queue=payments&age=month",
        "older than a week": f"{tasks}?age=older",
        "all states, a month": f"{tasks}?is=all&age=month",
        "search by order number": f"{tasks}?q={one.subject}",
        "search by a common word": f"{tasks}?q=answer",
        "search by a rare word": f"{tasks}?q={one.error_message.rpartition(' ')[2]}",
        "search by payload": f"{tasks}?q=payload.payment_id={one.payload['payment_id']}",
        "one failure": f"{tasks}{one.pk}/change/",
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--dead", type=int, default=50_000)
    options, report = parser.parse_args(), Report(26, 12, 12)
    with skipping(), scratch_shop():
        began = time.perf_counter()
        fill(options.rows, options.dead)
        print(f"{options.rows:,} rows, {options.dead:,} of them dead, created in {time.perf_counter() - began:.0f} s\n")
        client = operator()
        report.row("page", f"{'database ms':>12}", f"{'statements':>12}")
        for name, url in pages().items():
            milliseconds, statements = measure(partial(get, client, url), rounds=10)
            kept = milliseconds <= BUDGET
            report.row(name, f"{milliseconds:12.1f}", f"{len(statements):12}", kept=kept)
    report.exit()


if __name__ == "__main__":
    main()
