"""The doctor beside `make run`: a process that somebody has stopped is started by the demo's own command."""

import pytest

from shop.demo import supervisor
from shop.doctor.checks import broker, processes

pytestmark = pytest.mark.django_db
STATES = {"broker": "STOPPED", "beat": "STOPPED", "relay": "STARTING"}


@pytest.fixture(autouse=True)
def _demo(settings, monkeypatch):
    settings.CONVEYOR_DEMO = True
    monkeypatch.setenv("CELERY_BROKER_URL", "redis://127.0.0.1:9/0")


def fixes() -> list[str]:
    return [finding.fix for finding in (*broker.reachable(), *processes.beat())]


def test_a_stopped_process_is_started_by_the_demo(monkeypatch):
    monkeypatch.setattr(supervisor, "processes", lambda: STATES)
    assert fixes() == ["python manage.py demo start broker", "python manage.py demo start beat"]


def test_without_the_demos_supervisor_the_fix_is_that_of_every_shop():
    assert [fix.split()[0] for fix in fixes()] == ["export", "celery"]
