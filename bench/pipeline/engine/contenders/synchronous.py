"""No queue: the request itself charges and ships. A gateway that is down takes the checkout with it."""

from django.db import transaction

from bench.pipeline.engine import job


def checkout(number: int) -> None:
    with transaction.atomic():
        order = job.place(number)
    job.charge()
    with transaction.atomic():
        job.record_payment(order)
    with transaction.atomic():
        job.record_shipment(order)


WORKERS: dict[str, str] = {}
