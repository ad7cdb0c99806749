"""The running shop of `bench/volume.py`: places orders, adds e-mails by SQL, and counts in the ledger.

Django is set up before the methods are called; so they import models themselves.
"""

import os
import threading
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

#: Seconds after which a wait gives up.
PATIENCE = 300.0
EMAILS = """
INSERT INTO messaging_message (id, task, queue, routing_key, priority, payload, schema_version, state, available_at,
    attempts, replayed_from, sends, subject, correlation_id, traceparent, created_at, error_type, error_message,
    fingerprint, note)
SELECT (lpad(to_hex((extract(epoch FROM clock_timestamp()) * 1000)::bigint), 12, '0') || '7' || lpad(to_hex(n %% 4096),
        3, '0') || '8' || lpad(to_hex(n), 15, '0'))::uuid, 'orders.send_email', 'notifications', %(key)s, %(priority)s,
    jsonb_build_object('order_id', %(order)s, 'kind', 'paid'), 2, 'pending', clock_timestamp(), 0, 0, 0, 'bench',
    gen_random_uuid(), '', clock_timestamp(), '', '', '', ''
FROM generate_series(1, %(count)s) AS n
"""


class Depths(threading.Thread):
    """Samples how many messages of each queue are ready at the broker; keeps the most."""

    def __init__(self, url: str) -> None:
        super().__init__(daemon=True)
        self.most: Counter[str] = Counter()
        self.samples = 0
        self._url = url
        self._ended = threading.Event()

    def run(self) -> None:
        from kombu import Connection

        from messaging.broker.inspect import depth
        from messaging.topology import topology

        while not self._ended.is_set():
            try:
                with Connection(self._url, connect_timeout=5) as connection:
                    while not self._ended.wait(0.1):
                        for queue in topology().queues:
                            self.most[queue] = max(self.most[queue], depth(connection, queue))
                        self.samples += 1
            except Exception:  # the broker is being wiped
                self._ended.wait(0.5)

    def end(self) -> None:
        self._ended.set()
        self.join()


class Shop:
    """A stack, and its database as this process's own."""

    def __init__(self, stack: Any) -> None:
        self.stack = stack
        os.environ.update(stack.env | {"DJANGO_SETTINGS_MODULE": "config.settings", "LOG_LEVEL": "ERROR"})
        import django

        django.setup()
        from shop.models import Product

        Product.objects.update(stock=1_000_000)
        self._sample = self.order_row(stack.order())

    def until(self, reached: Callable[[], Any]) -> None:
        deadline = time.monotonic() + PATIENCE
        while not reached():
            if time.monotonic() > deadline:
                raise SystemExit(f"gave up after {PATIENCE:g} s\n{self.stack.tails(5)}")
            time.sleep(0.02)

    # -- steps --------------------------------------------------------------------------------------------------------

    def orders(self, count: int) -> list[dict[str, Any]]:
        return [self.stack.order(shipping_method="express") for _ in range(count)]

    def ship(self) -> float:
        """Seconds from placing an express order until it is shipped."""
        began = time.perf_counter()
        (order,) = self.orders(1)
        self.until(lambda: self.shipped([order]))
        return time.perf_counter() - began

    def shipped(self, orders: list[dict[str, Any]]) -> int:
        from orders.models import Order

        numbers = [order["number"] for order in orders]
        return Order.objects.filter(number__in=numbers, status__in=("shipped", "delivered")).count()

    def order_row(self, order: dict[str, Any]) -> int:
        from orders.models import Order

        return int(Order.objects.get(number=order["number"]).pk)

    def add_emails(self, count: int, *, priority: int, subject: str = "bench") -> None:
        from django.db import connection

        key = f"notification.send.{'high' if priority == 9 else 'low'}"
        with connection.cursor() as cursor:
            sql = EMAILS.replace("'bench'", "%(subject)s")
            values: dict[str, Any] = {
                "key": key,
                "priority": priority,
                "order": self._sample,
                "count": count,
                "subject": subject,
            }
            cursor.execute(sql, values)

    def publish_junk(self, count: int) -> None:
        from kombu import Connection, Producer

        from messaging.topology import topology

        with Connection(self.stack.broker.url) as connection:
            producer = Producer(connection, auto_declare=False)
            for number in range(count):
                producer.publish(
                    f"junk {number}".encode(),
                    routing_key=topology().dead("payments"),
                    content_type="application/octet-stream",
                    content_encoding="binary",
                )

    def waits(self, orders: list[dict[str, Any]]) -> list[float]:
        """Seconds from the commit of each order until its charge was started by a worker."""
        from messaging.models import Message

        numbers = [order["number"] for order in orders]
        charges = Message.objects.filter(task="payments.charge_payment", subject__in=numbers, state="done")
        self.until(lambda: charges.count() == len(numbers))
        return [(row.started_at - row.created_at).total_seconds() for row in charges if row.started_at]

    def pages(self) -> list[float]:
        from django.test import Client

        from shop.models import User

        client = Client(headers={"host": "localhost"})
        client.force_login(User.objects.get(username="operator"), backend="shop.accounts.authentication.NameOrEmail")
        times = []
        for _ in range(11):
            began = time.perf_counter()
            assert client.get("/admin/operations/queues/").status_code == 200
            times.append(1000 * (time.perf_counter() - began))
        return times[1:]

    # -- counts -------------------------------------------------------------------------------------------------------

    def in_flight(self, queue: str) -> int:
        from messaging.models import Message

        return Message.objects.filter(queue=queue, state="sent").count()

    def pending(self) -> int:
        from messaging.models import Message

        return Message.objects.filter(queue="notifications", state="pending").count()

    def unfinished(self, **fields: str) -> int:
        from messaging.models import Message

        return Message.objects.live().filter(queue="notifications", **fields).count()

    def done(self, *, subject: str) -> int:
        from messaging.models import Message

        return Message.objects.filter(subject=subject, state="done").count()

    def email_waits(self, subject: str) -> list[float]:
        """Seconds from when each was due until it was done."""
        from messaging.models import Message

        rows = Message.objects.filter(subject=subject, state="done")
        return [(row.finished_at - row.created_at).total_seconds() for row in rows if row.finished_at]


def memory(pid: int) -> tuple[float, float]:
    """MiB: the largest resident set so far, and the proportional set now."""
    peak = next(line for line in Path(f"/proc/{pid}/status").read_text().splitlines() if line.startswith("VmHWM"))
    now = next(line for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines() if line.startswith("Pss:"))
    return int(peak.split()[1]) / 1024, int(now.split()[1]) / 1024
