"""Throughput of one relay: `python bench/relay.py [--messages 20000] [--batch 1000]`.

Uses scratch instances of PostgreSQL with RabbitMQ and of SQLite with Valkey, and removes them afterwards. Without
consumers, it measures enqueueing (one transaction per batch), then claiming, publishing and confirming.
"""

import argparse
import subprocess
import sys
from pathlib import Path

PROJECT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(PROJECT))
INNER = """
import sys, time, django
django.setup()
from config import celery_app
from messaging import outbox
from messaging.retention import PurgeFinished
from messaging.relay.loop import Pace, Relay
count, batch = int(sys.argv[1]), int(sys.argv[2])
began = time.perf_counter()
for _ in range(count // batch):
    with outbox.transaction():
        for _ in range(batch):
            outbox.enqueue(PurgeFinished(), subject="bench")
enqueued = count / (time.perf_counter() - began)
relay = Relay(celery_app, Pace(batch=batch, chores_every=3600))
first = relay.turn()
began, sent = time.perf_counter(), 0
while found := relay.turn():
    sent += found
assert first + sent == count // batch * batch, "some messages were not sent"
print(f"enqueued {enqueued:8,.0f}/s   sent {sent / (time.perf_counter() - began):8,.0f}/s")
"""


def measure(backend: str, count: int, batch: int) -> str:
    import pytest

    from tests.stack import Stack
    from tests.stack.database import NoBlocker

    try:
        stack = Stack(backend, blocker=NoBlocker(), relays=0, workers={}, beat=False, web=False)
    except pytest.skip.Exception as reason:
        return f"skipped: {reason}"
    try:
        stack.start()
        environment = stack.env | {"DJANGO_SETTINGS_MODULE": "config.settings", "LOG_LEVEL": "WARNING"}
        command = [sys.executable, "-c", INNER, str(count), str(batch)]
        done = subprocess.run(command, cwd=PROJECT, env=environment, capture_output=True, text=True, check=False)
        return done.stdout.strip() or done.stderr[-500:]
    finally:
        stack.remove()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--messages", type=int, default=20_000)
    parser.add_argument("--batch", type=int, default=1000)
    options = parser.parse_args()
    for backend in ("production", "embedded"):
        print(f"{backend:11} {measure(backend, options.messages, options.batch)}", flush=True)


if __name__ == "__main__":
    main()
