"""Runs a measuring script on a scratch database of either backend."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

from bench.support.report import skipping

PROJECT = Path(__file__).resolve().parents[2]
#: Ids as the application makes them: those of one time lie side by side in every index.
FILL = """
INSERT INTO messaging_message (id, task, queue, routing_key, priority, payload, schema_version, state, available_at,
    attempts, replayed_from, sends, sent_at, finished_at, subject, correlation_id, traceparent, created_at, error_type,
    error_message, fingerprint, note)
SELECT (lpad(to_hex((extract(epoch FROM at) * 1000)::bigint), 12, '0') || '7' || lpad(to_hex(n %% 4096), 3, '0')
        || '8' || lpad(to_hex(n), 15, '0'))::uuid,
    (ARRAY['payments.charge_payment', 'shipping.create_shipment', 'orders.send_email'])[1 + n %% 3],
    (ARRAY['payments', 'shipping', 'notifications'])[1 + n %% 3],
    (ARRAY['payment.charge.low', 'shipment.create.low', 'notification.send.low'])[1 + n %% 3],
    CASE WHEN n %% 10 = 0 THEN 9 ELSE 1 END, '{"order_id": 1, "kind": "placed"}', 1, %(state)s::text, at, 0, 0, 0,
    CASE WHEN %(state)s::text = 'done' THEN at END, CASE WHEN %(state)s::text = 'done' THEN at END, 'CV-' || n,
    gen_random_uuid(), '', at, '', '', '', ''
FROM (SELECT n, now() + %(days)s::float8 * interval '1 day' - (%(rows)s::bigint - n) * interval '1 millisecond' AS at
      FROM generate_series(1, %(rows)s::bigint) AS n) AS made
"""


def fill_ledger(cursor: Any, *, rows: int, state: str, days: float = 0) -> None:
    """Add `rows` messages in `state`, which ended, or are due, `days` from now. For PostgreSQL."""
    cursor.execute(FILL, {"rows": rows, "state": state, "days": days})


def settle() -> None:
    """Make what is in flight done, as workers do."""
    from messaging.models import Message, State

    Message.objects.filter(state=State.SENT).update(state=State.DONE)


def consume() -> None:
    """Empty the queues and settle what was in them."""
    from django.conf import settings
    from kombu import Connection

    from messaging.topology import topology

    settle()
    with Connection(settings.BROKER_URL) as connection, connection.channel() as channel:
        for queue in topology().queues:
            channel.queue_purge(queue)


def run_on_scratch(
    backend: str, script: str, *arguments: object, env: dict[str, str] | None = None
) -> dict[str, Any] | None:
    """Run `script` beside a demo shop and return the JSON of its last line; None if a service is missing.

    The script finds `fill_ledger`, `settle` and `consume` in this module. If it fails, so does the bench.
    """
    from tests.stack.standalone import running

    with skipping(), running(backend, relays=0, workers={}, beat=False, web=False, env=env) as stack:
        environment = stack.env | {"DJANGO_SETTINGS_MODULE": "config.settings", "LOG_LEVEL": "ERROR"}
        command = [sys.executable, "-c", script, *map(str, arguments)]
        done = subprocess.run(command, cwd=PROJECT, env=environment, capture_output=True, text=True, check=False)
        if done.returncode:
            sys.exit(f"{backend}: {done.stderr[-800:]}")
        return dict(json.loads(done.stdout.splitlines()[-1]))
    return None
