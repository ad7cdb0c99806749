"""Settings: defaults, bounds, and sentences for what is wrong."""

import pytest
from django.core.exceptions import ImproperlyConfigured

from extensions.webhooks import conf


def test_defaults():
    assert conf.read({}) == conf.Options(timeout=10, in_flight=1, keep_days=30, is_local=False)


def test_values_are_read():
    values = {"TIMEOUT": "5", "IN_FLIGHT": "4", "KEEP_DAYS": "7", "LOCAL": "1"}
    found = conf.read({f"CONVEYOR_WEBHOOK_{name}": value for name, value in values.items()})
    assert found == conf.Options(timeout=5, in_flight=4, keep_days=7, is_local=True)


@pytest.mark.parametrize("name", ["TIMEOUT", "IN_FLIGHT", "KEEP_DAYS", "LOCAL"])
@pytest.mark.parametrize("value", ["-1", "x", "1.5", "99999", "9" * 400, "\u00b2", "true"])
def test_a_wrong_value_stops_the_start(name, value):
    with pytest.raises(ImproperlyConfigured, match=rf"CONVEYOR_WEBHOOK_{name} is .* it must be a whole number from"):
        conf.read({f"CONVEYOR_WEBHOOK_{name}": value})


def test_loopback_is_for_demos_only(options, settings):
    options(is_local=True)
    settings.CONVEYOR_DEMO, settings.DEBUG = True, False
    conf.check()
    settings.CONVEYOR_DEMO = False
    with pytest.raises(ImproperlyConfigured, match=r"CONVEYOR_WEBHOOK_LOCAL=1 .* Unset it"):
        conf.check()


@pytest.mark.parametrize("limit", [1, 5, 25])
def test_a_request_ends_before_the_task_does(options, settings, limit):
    options(timeout=60)
    settings.CONVEYOR_TASK_TIME_LIMIT = limit
    assert conf.current.request_seconds < limit * 0.8
