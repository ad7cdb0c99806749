"""CPU and statements of an e-mail: `python bench/emails.py [--emails 300] [--profile]`.

The task of the two e-mails of an order that is shipped, run in one process as a worker does, on a scratch PostgreSQL
database and with an SMTP server in another process. Prints the median CPU time of the process, that of the PostgreSQL
backend, and the statements. `--profile` prints where the time goes.
"""

import argparse
import cProfile
import os
import pstats
import statistics
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from bench.support.in_process import backend_clock, scratch_shop
from bench.support.mail_server import mail_server
from bench.support.report import load, skipping

KINDS = ("paid", "shipped")
#: The first e-mails connect, compile templates and prepare statements.
WARM_UP = 30


def worker() -> Callable[[Any], None]:
    """Runs the task of a claimed message as a worker process does."""
    from celery.app.trace import build_tracer

    from messaging.relay import protocol
    from orders.tasks import send_email

    tracer = build_tracer(send_email.name, send_email, app=send_email.app)

    def run(message: Any) -> None:
        delivery = {"delivery_info": {"redelivered": False}, "hostname": "bench", "is_eager": False}
        tracer(str(message.pk), (), message.payload, protocol.headers_of(message) | delivery)

    return run


def due(kind: str, *, order_id: int, count: int) -> list[Any]:
    """Messages of e-mails, claimed."""
    from messaging.outbox import enqueue, transaction
    from orders.payloads import SendEmail
    from tests.messaging.deliver import claim_due

    with transaction():
        for _ in range(count):
            enqueue(SendEmail(order_id=order_id, kind=kind))
    return claim_due(limit=count)


def measure(kind: str, *, order_id: int, count: int, profile: cProfile.Profile | None) -> None:
    """Send `count` e-mails and print what one took."""
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    run, backend, times = worker(), backend_clock(), []
    first, *others = due(kind, order_id=order_id, count=WARM_UP + count)
    with CaptureQueriesContext(connection) as statements:
        run(first)
    for number, message in enumerate(others, start=1):
        if number == WARM_UP:
            backend_before = backend()
            if profile:
                profile.enable()
        began = time.process_time()
        run(message)
        times.append(time.process_time() - began)
    if profile:
        profile.disable()
    cpu, database = 1000 * statistics.median(times[WARM_UP:]), (backend() - backend_before) / count
    print(f"  {kind:10}{cpu:7.2f} ms{database:9.2f} ms{len(statements):5} statements")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--emails", type=int, default=300)
    parser.add_argument("--profile", action="store_true")
    options = parser.parse_args()
    profile = cProfile.Profile() if options.profile else None
    with skipping(), mail_server() as os.environ["EMAIL_URL"], scratch_shop():
        from messaging.models import Message
        from tests.delivery import deliver_all
        from tests.factories import place

        order = place()
        deliver_all()
        print(f"CPU of the process, and of its PostgreSQL backend ({load()})")
        for kind in KINDS:
            measure(kind, order_id=order.pk, count=options.emails, profile=profile)
        assert not Message.objects.exclude(state="done").exists(), "some e-mails were not sent"
    if profile:
        pstats.Stats(profile).sort_stats("cumulative").print_stats(60)


if __name__ == "__main__":
    main()
