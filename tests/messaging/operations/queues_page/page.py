"""Helpers for tests of the queues page: its text, its rows, and messages to show."""

import re
from datetime import timedelta

from django.test import Client
from django.utils import timezone

from messaging import outbox
from messaging.models import Message
from messaging.operations.models import QueueMinute
from messaging.operations.permissions import Actor
from tests.messaging.samples import Sample

PAGE = "/admin/operations/queues/"
QUEUE = "maintenance"
ANN = Actor.system("ann")


def text(client: Client, path: str = PAGE, **data) -> str:
    return " ".join(client.get(path, data).content.decode().split())


def text_after(client: Client, path: str) -> str:
    return client.post(path, follow=True).content.decode()


def enqueue(count: int = 1, **options) -> list[Message]:
    with outbox.transaction():
        return [outbox.enqueue(Sample(text=str(n)), **options) for n in range(count)]


def row(page: str, queue: str = QUEUE) -> list[str]:
    """The cells of a queue's table row."""
    found = re.search(rf'<a href="#queue-{queue}">.*?</tr>', page)
    assert found
    return [re.sub(r"<[^>]+>", "", cell).strip() for cell in re.findall(r"<td>(.*?)</td>", found.group())]


def finished(*done: int) -> None:
    """Stored counts of the queue's latest minutes, the current one last."""
    minute = timezone.now().replace(second=0, microsecond=0)
    for age, count in enumerate(reversed(done)):
        QueueMinute.objects.create(queue=QUEUE, minute=minute - timedelta(minutes=age), done=count)
