"""Dramatiq on RabbitMQ: threads, a queue and a process each, prefetch of two a thread, retries as its only middleware.

A process that dies after the commit loses its order's task. Tasks are acknowledged late, so they may run twice.
"""

import dramatiq
from django.conf import settings
from django.db import transaction
from dramatiq.brokers.rabbitmq import RabbitmqBroker
from dramatiq.middleware import Retries

from bench.pipeline.engine import job
from bench.pipeline.engine.contenders import PYTHON, SHIPPERS, SLOTS

dramatiq.set_broker(RabbitmqBroker(url=settings.BROKER_URL, middleware=[Retries()]))


def checkout(number: int) -> None:
    with transaction.atomic():
        order = job.place(number)
        transaction.on_commit(lambda: pay.send(order))


@dramatiq.actor(queue_name="pay")
def pay(order: int) -> None:
    job.charge()
    with transaction.atomic():
        job.record_payment(order)
        transaction.on_commit(lambda: ship.send(order))


@dramatiq.actor(queue_name="ship")
def ship(order: int) -> None:
    with transaction.atomic():
        job.record_shipment(order)


DRAMATIQ = f"{PYTHON} -m dramatiq {__name__} --processes 1"
WORKERS = {
    "pay": f"{DRAMATIQ} --threads {SLOTS} --queues pay",
    "ship": f"{DRAMATIQ} --threads {SHIPPERS} --queues ship",
}
