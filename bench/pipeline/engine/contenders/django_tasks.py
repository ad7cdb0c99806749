"""Django's tasks framework on its database backend: rows in the caller's transaction, a process for each slot.

No task is lost, but the one of a worker that dies stays as running. Workers poll; more often costs more than it gains.
"""

from django.db import transaction
from django_tasks import task

from bench.pipeline.engine import job
from bench.pipeline.engine.contenders import PYTHON, SHIPPERS, SLOTS


def checkout(number: int) -> None:
    with transaction.atomic():
        pay.enqueue(job.place(number))


@task(queue_name="pay")
def pay(order: int) -> None:
    job.charge()
    with transaction.atomic():
        job.record_payment(order)
        ship.enqueue(order)


@task(queue_name="ship")
def ship(order: int) -> None:
    with transaction.atomic():
        job.record_shipment(order)


WORKER = f"{PYTHON} -m django db_worker --interval 0.3 --no-startup-delay -v 0"
WORKERS = {f"pay-{n}": f"{WORKER} --queue-name pay" for n in range(SLOTS)} | {
    f"ship-{n}": f"{WORKER} --queue-name ship" for n in range(SHIPPERS)
}
