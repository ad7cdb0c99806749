"""Helpers for tests of recovery: its rounds, and messages that were sent long ago."""

import itertools
from datetime import timedelta
from types import SimpleNamespace
from typing import Any

import pytest
from celery import current_app
from django.utils import timezone

from messaging.broker import inspect
from messaging.models import Message
from messaging.relay import claim, recovery
from tests.messaging.relay.helpers import QUEUE, enqueue
from tests.patience import wait_for


class Rounds:
    def __init__(self, publisher: Any, monkeypatch: pytest.MonkeyPatch) -> None:
        self.recovery = recovery.Recovery()
        self._publisher, self._monkeypatch, self._now = publisher, monkeypatch, itertools.count(step=10)

    def __call__(self) -> int:
        now = float(next(self._now))
        self._monkeypatch.setattr(recovery, "time", SimpleNamespace(monotonic=lambda: now))
        return self.recovery.run(self._publisher.connection, current_app)


def send(publisher, count: int = 1, *, ago: float = 3600, **options) -> list[Message]:
    """Publish messages, sent `ago` seconds ago according to the ledger."""
    messages = enqueue(count, **options)
    publisher.publish(claim.claim(limit=count))
    wait_for(lambda: inspect.depth(publisher.connection, QUEUE) >= count)
    age(messages, ago)
    return messages


def age(messages: list[Message], seconds: float) -> None:
    at = timezone.now() - timedelta(seconds=seconds)
    Message.objects.filter(pk__in=[m.pk for m in messages]).update(sent_at=at, available_at=at)
