"""Our engine: outbox, one relay, reliable tasks on threads. Loses nothing, and every effect happens once."""

from celery import Celery

from bench.pipeline.engine import job
from bench.pipeline.engine.contenders import PYTHON, SHIPPERS, SLOTS
from messaging import outbox
from messaging.payloads import Payload
from messaging.worker.bootsteps import install
from messaging.worker.task import ReliableTask, reliable_task

app = Celery("job")
app.config_from_object("bench.pipeline.engine.settings:CELERY")
app.set_default()
install(app)


class Pay(Payload, task="job.pay", routing_key="pay.order"):
    order: int


class Ship(Payload, task="job.ship", routing_key="ship.order"):
    order: int


def checkout(number: int) -> None:
    with outbox.transaction():
        outbox.enqueue(Pay(order=job.place(number)))


@reliable_task(Pay)
def pay(self: ReliableTask, payload: Pay) -> None:
    job.charge()
    with self.complete():
        job.record_payment(payload.order)
        outbox.enqueue(Ship(order=payload.order))


@reliable_task(Ship)
def ship(self: ReliableTask, payload: Ship) -> None:
    with self.complete():
        job.record_shipment(payload.order)


RELAY = f'import {__name__}; from django.core.management import call_command; call_command("relay")'
#: Messages of an order that the broker confirms.
CONFIRMED = 2
CELERY = f"{PYTHON} -m celery -A {__name__} --quiet worker -P threads --loglevel WARNING"
WORKERS = {
    "relay": f"{PYTHON} -c '{RELAY}'",
    "pay": f"{CELERY} -Q pay -c {SLOTS} -n pay@%h",
    "ship": f"{CELERY} -Q ship,maintenance -c {SHIPPERS} -n ship@%h",
}
