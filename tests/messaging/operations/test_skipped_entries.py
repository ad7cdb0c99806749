"""Alerts about entries of the schedule that beat does not run, although it runs itself."""

from datetime import datetime, timedelta
from typing import Any

import pytest
from celery.schedules import crontab
from django.utils import timezone

from config.celery import app
from messaging.models import PeriodicTask
from messaging.operations import alerts

pytestmark = pytest.mark.django_db

NAME = "purge expired sign-ins"
TASK = "shop.purge_expired"


@pytest.fixture
def schedule(monkeypatch):
    """Sets the period of the entry, which is the only one."""

    def use(period: Any, task: str = TASK) -> None:
        monkeypatch.setitem(app.conf, "beat_schedule", {NAME: {"task": task, "schedule": period}})

    use(3600.0)
    return use


def ran(*, ago: timedelta, heartbeat: timedelta = timedelta(0)) -> None:
    now = timezone.now()
    PeriodicTask.objects.create(name=NAME, last_at=now - ago)
    PeriodicTask.objects.create(name=PeriodicTask.HEARTBEAT, last_at=now - heartbeat)


def found(*, enqueued_at: datetime | None = None) -> dict[str, str]:
    return alerts.conditions(enqueued_at=enqueued_at)


@pytest.mark.usefixtures("schedule")
def test_an_entry_that_beat_does_not_run_is_reported():
    ran(ago=timedelta(hours=1, minutes=11))
    assert list(found()) == [f"entry:{NAME}"]
    assert f'Beat does not run "{NAME}", which was due after ' in found()[f"entry:{NAME}"]
    PeriodicTask.objects.update(last_at=timezone.now())
    assert found() == {}


@pytest.mark.usefixtures("schedule")
def test_an_entry_that_is_a_little_late_is_not_reported():
    ran(ago=timedelta(hours=1, minutes=9))
    assert found() == {}


@pytest.mark.usefixtures("schedule")
def test_while_beat_is_silent_only_that_is_reported():
    ran(ago=timedelta(hours=5), heartbeat=timedelta(hours=3))
    assert list(found()) == ["beat"]


@pytest.mark.usefixtures("schedule")
def test_a_check_from_before_a_stop_of_the_whole_system_reports_no_entry():
    ran(ago=timedelta(hours=5))
    assert found(enqueued_at=timezone.now() - timedelta(hours=4)) == {}


def test_an_entry_of_a_crontab_is_reported(schedule):
    schedule(crontab(minute="0", hour="3"))
    ran(ago=timedelta(days=3))
    assert list(found()) == [f"entry:{NAME}"]


@pytest.mark.parametrize(
    ("period", "task"),
    [(60.0, "operations.requeue_overdue_turns"), ("soon", TASK), (None, TASK)],
    ids=["on a condition", "malformed", "without a period"],
)
def test_what_need_not_or_cannot_run_is_left_out(schedule, period, task):
    schedule(period, task)
    ran(ago=timedelta(days=3))
    assert found() == {}
