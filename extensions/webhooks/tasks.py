"""Background tasks of webhooks."""

import time

from django.utils import timezone

from extensions.webhooks import client, conf, deliveries, retries, signing
from extensions.webhooks.client import Answer, NoAnswer
from extensions.webhooks.errors import AddressRefused, DeliveryFailed, EndpointRefused, EndpointUnreachable
from extensions.webhooks.payloads import Deliver, PurgeDeliveries
from extensions.webhooks.targets import TargetRefused
from messaging.recording import outside
from messaging.worker.slices import Slice
from messaging.worker.task import ReliableTask, reliable_task


@reliable_task(Deliver, max_retries=len(retries.DELAYS))
def deliver(self: ReliableTask, payload: Deliver) -> None:
    """The request is sent outside any transaction; after a crash it is repeated under the same webhook-id."""
    job = deliveries.begin(delivery_id=payload.delivery_id)
    if job is None:
        with self.complete():
            deliveries.skip(delivery_id=payload.delivery_id)
        return
    if outside.withholds(f"webhook: {job.delivery}"):
        with self.complete():
            return
    began = time.monotonic()
    answer, error = _send(job)
    milliseconds = int((time.monotonic() - began) * 1000)
    if answer and deliveries.is_gone(job, answer):
        with self.complete():
            deliveries.turn_off(job, answer=answer, milliseconds=milliseconds)
    elif answer and answer.is_success:
        with self.complete():
            deliveries.succeed(job, answer=answer, milliseconds=milliseconds)
    else:
        failure = error or EndpointRefused(_refusal(job, answer))
        deliveries.fail(job, answer=answer, error=str(failure), milliseconds=milliseconds)
        self.retry(exc=failure, countdown=retries.delay_seconds(retries=self.request.retries, answer=answer))


def _send(job: deliveries.Job) -> tuple[Answer | None, DeliveryFailed | None]:
    now, body = timezone.now(), job.delivery.body
    headers = signing.headers_of(
        secrets=job.endpoint.valid_secrets(at=now), webhook_id=job.delivery.webhook_id, body=body, at=now
    )
    seconds = conf.current.request_seconds
    try:
        return client.post(job.endpoint.url, headers=headers, body=body.encode(), seconds=seconds), None
    except TargetRefused as error:
        return None, AddressRefused(f"{job.endpoint.host}: {error}")
    except NoAnswer as error:
        return None, EndpointUnreachable(f"{job.endpoint.host}: {error}.")


def _refusal(job: deliveries.Job, answer: Answer | None) -> str:
    status = answer.status if answer else 0
    why = " Redirects are not followed." if 300 <= status < 400 else ""
    return f"{job.endpoint.host} answered {status}.{why}"


@reliable_task(PurgeDeliveries)
def purge_deliveries(self: ReliableTask, payload: PurgeDeliveries) -> None:
    """In slices: each commits what it has deleted."""
    part = Slice(self)
    part.repeat(deliveries.purge)
    part.finish(payload)
