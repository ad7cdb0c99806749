"""A paused database: writing waits, reading continues, and whatever happens, it ends in time."""

import threading
import time
from contextlib import nullcontext
from queue import SimpleQueue
from types import SimpleNamespace

import pytest
from django.db import OperationalError, connection
from django.utils import timezone

from messaging.models import Message
from messaging.operations.permissions import Actor
from shop.demo.game_days import database_pause, services
from shop.models import Fault
from tests.factories import place
from tests.patience import PATIENCE

pytestmark = pytest.mark.django_db(transaction=True)
ANN = Actor.system("ann")


def begin(kind: str, **options) -> Fault:
    return services.begin_fault(kind=kind, actor=ANN, **options)


def test_the_database_refuses_writing_for_a_while_and_reads_meanwhile(monkeypatch):
    """The pause is over when the test says so, however slow the machine is."""
    place()
    released, over, sleeps = threading.Event(), threading.Event(), []

    def sleep(seconds: float) -> None:
        sleeps.append(seconds)
        over.wait(PATIENCE)

    monkeypatch.setattr(database_pause, "time", SimpleNamespace(monotonic=time.monotonic, sleep=sleep))
    begin("database-paused", seconds=30)
    assert Message.objects.exists()

    def write() -> None:
        try:
            Message.objects.update(note="written")
        finally:
            released.set()
            connection.close()

    writer = threading.Thread(target=write)
    writer.start()
    try:
        assert not released.wait(0.3), "the writer waits"
        assert Message.objects.first().note == ""
    finally:
        over.set()
        writer.join(PATIENCE)
    assert released.is_set()
    assert Message.objects.first().note == "written"
    assert [0 < seconds <= 30 for seconds in sleeps] == [True]


def test_a_pause_of_the_database_that_fails_keeps_nobody_waiting(monkeypatch):
    def refuse(*args, **kwargs):
        raise OperationalError("the database is locked")

    monkeypatch.setattr(database_pause.transaction, "atomic", refuse)
    monkeypatch.setattr(threading, "excepthook", lambda args: None)
    began = time.monotonic()
    assert not database_pause.begin(seconds=30)
    assert time.monotonic() - began < 20


def test_a_pause_of_the_database_that_fails_is_no_fault(monkeypatch):
    monkeypatch.setattr(database_pause, "begin", lambda seconds: False)
    with pytest.raises(services.FaultRefused, match="not paused"):
        begin("database-paused")
    assert not Fault.objects.filter(ends_at__gt=timezone.now()).exists()


def test_a_pause_of_the_database_that_begins_late_ends_in_time(monkeypatch):
    """By a clock that only sleeping moves: getting the lock takes half of the second."""
    sleeps: list[float] = []

    def slow():
        stopped.sleep(0.5)
        return nullcontext()

    stopped = SimpleNamespace(monotonic=lambda: sum(sleeps), sleep=sleeps.append)
    monkeypatch.setattr(database_pause, "time", stopped)
    monkeypatch.setattr(database_pause.transaction, "atomic", slow)
    monkeypatch.setattr(database_pause.connection, "vendor", "sqlite")
    is_held = SimpleQueue()
    database_pause._hold(1, is_held)
    assert is_held.get()
    assert sleeps == [0.5, 0.5]
