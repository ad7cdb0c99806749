"""Celery as in its tutorial for Django: a prefork pool with defaults, sent after the commit.

Celery closes the database connection after every task. A process that dies after the commit loses its order's task.
"""

from celery import Celery
from django.conf import settings
from django.db import transaction

from bench.pipeline.engine import job
from bench.pipeline.engine.contenders import PYTHON, SLOTS

app = Celery("tutorial", broker=settings.BROKER_URL, broker_connection_retry_on_startup=True)


def checkout(number: int) -> None:
    with transaction.atomic():
        order = job.place(number)
        transaction.on_commit(lambda: pay.delay(order))


@app.task
def pay(order: int) -> None:
    job.charge()
    with transaction.atomic():
        job.record_payment(order)
        transaction.on_commit(lambda: ship.delay(order))


@app.task
def ship(order: int) -> None:
    with transaction.atomic():
        job.record_shipment(order)


WORKERS = {"worker": f"{PYTHON} -m celery -A {__name__} worker -c {SLOTS} --loglevel WARNING"}
