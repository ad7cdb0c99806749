"""Procrastinate: jobs are rows in PostgreSQL, written in the caller's transaction; woken by NOTIFY, done rows deleted.

Nothing is lost. A worker that dies between its effects and "done" leaves them to be done again.
"""

from django.db import transaction
from procrastinate.contrib.django import app

from bench.pipeline.engine import job
from bench.pipeline.engine.contenders import PYTHON, SHIPPERS, SLOTS


def checkout(number: int) -> None:
    with transaction.atomic():
        pay.defer(order=job.place(number))


@app.task(queue="pay")
def pay(order: int) -> None:
    job.charge()
    with transaction.atomic():
        job.record_payment(order)
        ship.defer(order=order)


@app.task(queue="ship")
def ship(order: int) -> None:
    with transaction.atomic():
        job.record_shipment(order)


WORKER = f"{PYTHON} -m django procrastinate worker --delete-jobs successful"
WORKERS = {"pay": f"{WORKER} -q pay -c {SLOTS}", "ship": f"{WORKER} -q ship -c {SHIPPERS}"}
