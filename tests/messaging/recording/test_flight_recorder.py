"""What is kept of a run: log lines and outside calls, in bounds, stored with failed attempts only."""

import logging
from dataclasses import dataclass
from typing import Any

import pytest
from django.test import override_settings

from messaging import outbox
from messaging.models import Attempt
from messaging.recording import flight_recorder
from tests.messaging import samples
from tests.messaging.deliver import deliver
from tests.messaging.samples import Sample

pytestmark = pytest.mark.django_db(transaction=True)
log = logging.getLogger("tests.flight_recorder")


@dataclass
class Call:
    size: int = 10

    def as_json(self) -> dict[str, Any]:
        return {"answer": "x" * self.size}


@pytest.fixture
def message():
    with outbox.transaction():
        return outbox.enqueue(Sample(text="logs"))


def behave(monkeypatch, act):
    monkeypatch.setitem(samples.behaviour, "logs", act)


def fail(task, payload):
    log.warning("asking ada@example.com for copy %s", 7)
    raise samples.Bug("no copy")


def test_the_log_lines_of_a_failed_run_are_stored_with_it_masked(message, monkeypatch):
    behave(monkeypatch, fail)
    deliver(message)
    (attempt,) = Attempt.objects.filter(message=message)
    assert "asking •••@••• for copy 7" in attempt.log
    assert "WARNING tests.flight_recorder" in attempt.log


def test_each_attempt_has_its_own_lines(message, monkeypatch):
    def fail_again(task, payload):
        log.warning("run %s", task.request.retries)
        raise samples.TemporaryError

    behave(monkeypatch, fail_again)
    deliver(message)
    message.refresh_from_db()
    message.available_at = message.created_at
    message.save()
    deliver(message)
    first, second = Attempt.objects.filter(message=message).order_by("number")
    assert ("run 0" in first.log, "run 1" in first.log) == (True, False)
    assert ("run 0" in second.log, "run 1" in second.log) == (False, True)


def test_a_run_that_succeeds_stores_no_lines(message, monkeypatch):
    def succeed(task, payload):
        log.warning("all is well")
        with task.complete():
            pass

    behave(monkeypatch, succeed)
    assert deliver(message).state == "done"
    assert not Attempt.objects.exists()


def test_lines_outside_a_run_go_nowhere():
    log.warning("nobody runs")
    assert flight_recorder.current() is None


def test_a_line_that_no_database_stores_does_not_hide_the_failure(message, monkeypatch):
    def fail_badly(task, payload):
        log.warning("bytes \x00 and \ud800")
        raise samples.Bug("no copy")

    behave(monkeypatch, fail_badly)
    assert deliver(message).state == "dead"
    assert "bytes \ufffd and \ufffd" in Attempt.objects.get(message=message).log


def test_only_the_last_lines_are_kept():
    with flight_recorder.recording() as made:
        for number in range(flight_recorder.LINES + 50):
            made.add_line(f"line {number}")
    lines = made.log.splitlines()
    assert lines[0] == "… 50 earlier lines"
    assert lines[-1] == f"line {flight_recorder.LINES + 49}"
    assert len(lines) == flight_recorder.LINES + 1


def test_characters_have_a_bound():
    with flight_recorder.recording() as made:
        for _ in range(30):
            made.add_line("x" * 100_000)
    assert len(made.log) < flight_recorder.CHARACTERS + 100
    assert made.log.startswith("… 21 earlier lines")


def test_outside_calls_have_a_bound():
    made = flight_recorder.Recording()
    for _ in range(flight_recorder.EXCHANGES + 1):
        made.add_call(Call())
    assert len(made.exchanges) == flight_recorder.EXCHANGES
    large = flight_recorder.Recording()
    for _ in range(20):
        large.add_call(Call(size=10_000))
    assert len(large.exchanges) == 5


@override_settings(CONVEYOR_RELEASE="42")
def test_the_release_is_stamped_on_failed_attempts_and_on_the_run_that_succeeds(message, monkeypatch):
    behave(monkeypatch, fail)
    assert deliver(message).release == ""
    assert Attempt.objects.get(message=message).release == "42"
    with outbox.transaction():
        other = outbox.enqueue(Sample(text="fine"))
    assert deliver(other).release == "42"
