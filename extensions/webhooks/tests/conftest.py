"""Fixtures of the tests of webhooks."""

from collections.abc import Callable, Iterator
from types import SimpleNamespace
from typing import Any

import pytest

from extensions.webhooks import conf, tasks
from extensions.webhooks.events import TYPES
from extensions.webhooks.models import Endpoint
from extensions.webhooks.tests.merchant import Merchant


@pytest.fixture
def options(monkeypatch) -> Callable[..., None]:
    """Sets options of webhooks."""

    def change(**changes: Any) -> None:
        monkeypatch.setattr(conf, "current", conf.Options(**changes))

    return change


@pytest.fixture
def local(options, monkeypatch) -> None:
    """Loopback addresses are allowed. A merchant has all the time that a task gives, and none of it makes it slow."""
    options(is_local=True, timeout=60)
    monkeypatch.setattr(tasks, "time", SimpleNamespace(monotonic=lambda: 0.0))


@pytest.fixture
def merchant(local) -> Iterator[Merchant]:
    with Merchant() as server:
        yield server


@pytest.fixture
def endpoint(merchant, db) -> Endpoint:
    """An endpoint of the merchant that gets all events."""
    return Endpoint.objects.create(url=merchant.url, events=list(TYPES))
