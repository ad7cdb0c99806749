"""Celery at its best: connections kept between tasks, threads, a queue and a worker each, no results, no gossip.

Messages are acknowledged before they run, as by default, so a killed worker loses up to 16 payments.
"""

from celery import Celery
from django.conf import settings
from django.db import transaction

from bench.pipeline.engine import job
from bench.pipeline.engine.contenders import PYTHON, SHIPPERS, SLOTS

app = Celery(
    "tuned",
    broker=settings.BROKER_URL,
    broker_connection_retry_on_startup=True,
    task_ignore_result=True,
    task_routes={"job.pay": {"queue": "pay"}, "job.ship": {"queue": "ship"}},
    worker_prefetch_multiplier=4,
    CELERY_DB_REUSE_MAX=10**9,
)


def checkout(number: int) -> None:
    with transaction.atomic():
        order = job.place(number)
        transaction.on_commit(lambda: pay.delay(order))


@app.task(name="job.pay")
def pay(order: int) -> None:
    job.charge()
    with transaction.atomic():
        job.record_payment(order)
        transaction.on_commit(lambda: ship.delay(order))


@app.task(name="job.ship")
def ship(order: int) -> None:
    with transaction.atomic():
        job.record_shipment(order)


CELERY = f"{PYTHON} -m celery -A {__name__} worker -P threads --without-gossip --without-mingle --without-heartbeat"
WORKERS = {
    "pay": f"{CELERY} -Q pay -c {SLOTS} -n pay@%h --loglevel WARNING",
    "ship": f"{CELERY} -Q ship -c {SHIPPERS} -n ship@%h --loglevel WARNING",
}
