"""Procrastinate: jobs are rows in PostgreSQL, written in the caller's transaction; woken by NOTIFY, done rows deleted.

No job is lost, but those of a worker that dies stay as running until a task of one's own looks for them.
"""

from django.db import transaction
from procrastinate import App
from procrastinate.contrib.django import app
from procrastinate.contrib.django.django_connector import DjangoConnector

from bench.pipeline.engine import job
from bench.pipeline.engine.contenders import PYTHON, SHIPPERS, SLOTS

#: In a worker, `app` writes jobs on connections of its own, before the caller's commit; this one stays on Django's.
caller = App(connector=DjangoConnector(alias="default"))


def checkout(number: int) -> None:
    with transaction.atomic():
        pay.defer(order=job.place(number))


@app.task(queue="pay")
def pay(order: int) -> None:
    job.charge()
    with transaction.atomic():
        job.record_payment(order)
        caller.configure_task(ship.name, queue="ship").defer(order=order)


@app.task(queue="ship")
def ship(order: int) -> None:
    with transaction.atomic():
        job.record_shipment(order)


WORKER = f"{PYTHON} -m django procrastinate worker --delete-jobs successful"
WORKERS = {"pay": f"{WORKER} -q pay -c {SLOTS}", "ship": f"{WORKER} -q ship -c {SHIPPERS}"}
