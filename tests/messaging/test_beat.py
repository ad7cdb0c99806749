"""Beat: each tick once however many beats run, no file, no broker; a silent beat is seen."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from celery import current_app
from celery.beat import Service
from celery.schedules import schedule
from django.conf import settings as project
from django.db import OperationalError, connection
from django.test import Client
from django.utils import timezone

from messaging import invariants, scheduler
from messaging.models import Message, PeriodicTask, State
from messaging.signals import beat_ticked
from tests.races import at_once

pytestmark = pytest.mark.django_db(transaction=True)
TASK = "messaging.purge_finished"


def beat(**entries: Any) -> scheduler.LedgerScheduler:
    """A new process's scheduler."""
    ticker = scheduler.LedgerScheduler(app=current_app._get_current_object(), lazy=True)
    for name, options in (entries or {"purge": {}}).items():
        ticker.add(name=name, **({"task": TASK, "schedule": 600.0} | options))
    return ticker


def due(*names: str) -> None:
    for name in names or ("purge",):
        last_at = timezone.now() - timedelta(hours=1)
        PeriodicTask.objects.update_or_create(name=name, defaults={"last_at": last_at})


def ticks() -> int:
    return Message.objects.filter(task=TASK).count()


def settle() -> None:
    Message.objects.update(state=State.DONE, finished_at=timezone.now())


class Interrupted(schedule):
    """Due; before its beat can act on that, `meanwhile` happens."""

    meanwhile: Any = None

    def is_due(self, last_run_at: datetime) -> Any:
        answer = super().is_due(last_run_at)
        self.meanwhile()
        return answer


def test_a_tick_is_enqueued_once_by_two_beats_and_its_message_may_be_done_in_between():
    due()
    first, second = beat(), beat(purge={"schedule": Interrupted(600.0)})
    second.schedule["purge"].schedule.meanwhile = lambda: (first.tick(), settle())
    second.tick()
    assert ticks() == 1


@pytest.mark.skipif("connection.vendor != 'postgresql'", reason="SQLite has one writer at a time")
def test_a_tick_is_enqueued_once_by_concurrent_beats():
    for _ in range(5):
        due()
        at_once(*(beat().tick for _ in range(4)))
        settle()
    assert ticks() == 5


def test_an_entry_whose_last_run_was_in_the_first_millisecond_of_a_second_runs_again():
    due()
    with connection.cursor() as cursor:  # as the database's own clock writes it
        cursor.execute("UPDATE messaging_periodictask SET last_at = '2026-01-01 12:00:00.000'")
    beat().tick()
    assert ticks() == 1


def test_a_missed_run_is_made_up_for_once_after_a_restart():
    due()
    beat().tick()
    settle()
    beat().tick()
    assert ticks() == 1


def test_a_new_entry_runs_after_its_period():
    ticker = beat()
    ticker.tick()
    ticker.tick()
    assert ticks() == 0
    due()
    assert ticker.tick() <= scheduler.LOOK_SECONDS
    assert ticks() == 1


def test_the_clock_of_the_host_does_not_matter(monkeypatch):
    ticker = beat()
    ticker.tick()
    monkeypatch.setattr(current_app._get_current_object(), "now", lambda: datetime.now(UTC) + timedelta(days=1))
    ticker.tick()
    assert ticks() == 0


def test_a_clock_that_was_set_back_stops_no_entry():
    PeriodicTask.objects.create(name="purge", last_at=timezone.now() + timedelta(days=300))
    beat().tick()
    assert ticks() == 1


@pytest.mark.parametrize("folder", ["", "missing"])
def test_beat_starts_whatever_is_at_the_path_of_a_schedule_file_and_without_a_broker(tmp_path: Path, settings, folder):
    (tmp_path / "celerybeat-schedule").touch()
    assert "beat_schedule_filename" not in project.CELERY
    app = current_app._get_current_object()
    path = tmp_path / folder / "celerybeat-schedule"
    ticker = Service(app, scheduler_cls=app.conf.beat_scheduler, schedule_filename=str(path)).scheduler
    assert set(ticker.schedule) == set(settings.CELERY["beat_schedule"])
    due(*ticker.schedule)
    ticker.tick()
    ticker.close()
    assert ticks() == 1
    assert [(path.name, path.read_bytes()) for path in tmp_path.iterdir()] == [("celerybeat-schedule", b"")]
    assert ticker.producer is None
    assert "connection" not in vars(ticker)


def test_what_is_broken_in_the_schedule_stops_nothing_else(caplog):
    class Unknowable(schedule):
        def is_due(self, last_run_at: datetime) -> Any:
            raise ZeroDivisionError

    ticker = beat(unknown={"task": "no.such"}, unknowable={"schedule": Unknowable(1.0)}, purge={})
    due(*ticker.schedule)
    ticker.tick()
    ticker.tick()
    assert ticks() == 1
    errors = [record.getMessage() for record in caplog.records if record.levelname == "ERROR"]
    assert errors == ["beat: unknown failed", "beat: unknowable failed"], "once each, not at every look"


def test_a_malformed_entry_is_left_out(caplog, monkeypatch):
    app = current_app._get_current_object()
    monkeypatch.setitem(app.conf, "beat_schedule", {"odd": {"every": 5}, "purge": {"task": TASK, "schedule": 600.0}})
    ticker = scheduler.LedgerScheduler(app=app)
    assert list(ticker.schedule) == ["purge"]
    assert "'odd' is malformed" in caplog.text


def test_beat_waits_for_a_database_that_is_away_and_continues(caplog):
    def away(*args: Any) -> None:
        raise OperationalError("the database system is shutting down")

    due()
    ticker = beat()
    with connection.execute_wrapper(away):
        assert [ticker.tick() for _ in range(3)] == [scheduler.LOOK_SECONDS] * 3
    assert caplog.text.count("heartbeat failed") == 1
    ticker.tick()
    assert ticks() == 1


def test_a_failing_receiver_stops_nothing():
    def fail(**kwargs: Any) -> None:
        raise ZeroDivisionError

    beat_ticked.connect(fail, weak=False, dispatch_uid="test")
    try:
        due()
        beat().tick()
    finally:
        beat_ticked.disconnect(dispatch_uid="test")
    assert ticks() == 1


def broken() -> set[str]:
    return {violation.invariant for violation in invariants.audit()}


def readiness() -> tuple[int, str]:
    answer = Client().get("/readyz")
    return answer.status_code, answer.json()["beat"]


def test_a_beat_that_was_never_started_is_no_violation():
    assert readiness() == (200, "not started")
    assert broken() == set()


def test_a_silent_beat_is_seen_in_readiness_and_audit(settings):
    ticker = beat()
    ticker.tick()
    assert readiness() == (200, "ok")
    silent = timezone.now() - timedelta(seconds=settings.CONVEYOR_ALERT_BEAT_SECONDS + 1)
    PeriodicTask.objects.update(last_at=silent)
    assert readiness() == (200, "silent")
    assert broken() == {"beat is running"}
    ticker.tick()
    assert readiness() == (200, "ok")
    assert broken() == set()
