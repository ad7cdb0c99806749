"""Helpers for tests of reliable tasks: a message, a countable effect, an error."""

from django.contrib.auth.models import Group

from messaging import outbox
from messaging.models import Message
from tests.messaging.samples import Sample


def enqueue(text: str = "ok", **options) -> Message:
    with outbox.transaction():
        return outbox.enqueue(Sample(text=text), **options)


def effect(self, payload) -> None:
    """A countable effect: a row written together with "done"."""
    with self.complete():
        Group.objects.create(name=payload.text)


def fail(error: BaseException):
    def act(self, payload):
        raise error

    return act
