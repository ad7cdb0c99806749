"""The limits, in a process of its own on scratch instances: `python -m bench.pipeline.limits_run ORDERS FOLDER`.

- the job's three transactions by pgbench, which costs next to nothing itself;
- persistent messages to one queue, with one publisher confirm for each thousand;
- a view that does nothing behind the web server, from 16 connections.
"""

import json
import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

import amqp  # type: ignore[import-untyped]
import django
from kombu import Connection

from bench.pipeline import load
from bench.pipeline.engine import job
from config import processes
from tests.ports import answers, free_port
from tests.stack.program import Program

THREADS, BATCH, REQUESTS = 2, 1000, 5000


def main(orders: int, folder: Path) -> None:
    django.setup()
    print(json.dumps({"commits": commits(orders, folder), "publishes": publishes(), "views": views(folder)}))


def commits(orders: int, folder: Path) -> float:
    """Orders a second whose three transactions PostgreSQL commits, from 16 connections."""
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute(job.TABLES)
    script = folder / "job.sql"
    script.write_text(pgbench_script())
    count = max(1, 10 * orders // load.CONNECTIONS)
    options = f"-n -M prepared -c {load.CONNECTIONS} -j {THREADS} -t {count} -f {script}".split()
    began = time.perf_counter()
    subprocess.run([_pgbench(), *options, os.environ["DATABASE_URL"]], check=True, capture_output=True)
    return count * load.CONNECTIONS / (time.perf_counter() - began)


def pgbench_script() -> str:
    """The job's statements, with pgbench's variables in place of the driver's placeholders."""
    take, insert, line = job.CHECKOUT
    own = [statement % ":order" for statement in (*job.PAYMENT, *job.SHIPMENT)]
    checkout = [f"{take % ':product'};", f"{insert} \\gset", f"{line % (':id', ':product')};"]
    steps = [checkout, *([f"{statement};".replace(":order", ":id") for statement in own[n : n + 2]] for n in (0, 2))]
    transactions = ["\n".join(["BEGIN;", *step, "COMMIT;"]) for step in steps]
    return "\n".join([f"\\set product random(0, {job.PRODUCTS - 1})", *transactions, ""])


def _pgbench() -> str:
    folders = ":".join([os.environ.get("PATH", ""), *map(str, Path("/usr/lib/postgresql").glob("*/bin"))])
    found = shutil.which("pgbench", path=folders)
    return found or sys.exit("pgbench is missing; it comes with PostgreSQL")


def publishes() -> float:
    """Messages a second of a task's size that RabbitMQ confirms, published by one process."""
    with Connection(os.environ["BROKER_URL"]) as connection:
        channel = connection.connection.channel()
        channel.queue_declare("limit", durable=True, auto_delete=False)
        channel.confirm_select()
        confirmed = [0]
        channel.events["basic_ack"].add(lambda tag, multiple: confirmed.append(tag if multiple else confirmed[-1] + 1))
        began = time.perf_counter()
        for batch in range(10):
            for _ in range(BATCH):
                channel.basic_publish(amqp.Message("x" * 100, delivery_mode=2), routing_key="limit")
            while max(confirmed) < BATCH * (batch + 1):
                connection.drain_events(timeout=10)
        return 10 * BATCH / (time.perf_counter() - began)


def views(folder: Path) -> float:
    """Requests a second that granian answers with two processes."""
    port = free_port()
    command = processes.web(port=port, count=2).command
    command[-1] = "bench.pipeline.trivial_view:application"
    program = Program("web", command, env=dict(os.environ), log=folder / "web.log", ready=lambda _: answers(port))
    program.start()
    try:
        load.get(port, 500, ending=b"ok")
        return load.get(port, REQUESTS, ending=b"ok").rate
    finally:
        program.kill()


if __name__ == "__main__":
    main(int(sys.argv[1]), Path(sys.argv[2]))
