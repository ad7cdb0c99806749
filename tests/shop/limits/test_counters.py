"""Counters: windows, atomic between threads and on a shared cache, and nothing limited while it is down."""

import logging
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import time_machine
from django.core.cache import caches

from config import env
from shop.limits import counters
from shop.limits.counters import Limited, cache_answers, take
from shop.limits.policy import Door, Limit
from tests.ports import free_port
from tests.races import at_once
from tests.stack.valkey import Valkey

DOOR = Door("test", {"client": Limit(3, 60), "email": Limit(2, 60)})
ONE = Door("one", {"client": Limit(3, 60)})


def taken(times: int, door: Door = ONE, **counted: Any) -> int:
    """How many of so many tries are let through."""
    done = 0
    for _ in range(times):
        try:
            take(door, **counted)
        except Limited:
            continue
        done += 1
    return done


def taken_at_once(times: int) -> int:
    return at_once(*[lambda: take(ONE, client="a")] * times, refusals=(Limited,)).count(None)


def test_each_value_has_its_own_count():
    assert taken(5, client="a") == 3
    assert taken(5, client="b") == 3


def test_the_wait_ends_with_the_window(ending_windows):
    with time_machine.travel(datetime(2026, 1, 1, tzinfo=UTC), tick=False) as clock:
        taken(3, client="a")
        with pytest.raises(Limited) as refused:
            take(ONE, client="a")
        assert 0 < refused.value.wait <= 60
        assert "Try again in 1 minute." in str(refused.value)
        clock.shift(timedelta(seconds=refused.value.wait - 1))
        assert taken(1, client="a") == 0
        clock.shift(timedelta(seconds=1))
        assert taken(5, client="a") == 3


def test_what_is_refused_costs_nothing():
    take(ONE, cost=2, client="a")
    with pytest.raises(Limited):
        take(ONE, cost=2, client="a")
    take(ONE, client="a")


def test_what_one_limit_refuses_counts_for_no_other():
    assert taken(2, DOOR, client="a", email="x@example.com") == 2
    assert taken(1, DOOR, client="b", email="x@example.com") == 0
    assert taken(5, DOOR, client="b", email="") == 3


def test_a_refused_client_leaves_no_key_for_what_it_names():
    for n in range(50):
        taken(1, DOOR, client="a", email=f"{n}@example.com")
    assert len(caches["limits"]._cache) == 1 + 3


def test_keys_are_short_whatever_is_counted():
    take(ONE, client="\ud800 é \x00" * 5000)
    [key] = caches["limits"]._cache
    assert len(key) < 100


def test_an_empty_value_is_not_counted():
    assert taken(3, DOOR, client="a", email="") == 3


@pytest.mark.parametrize(("scale", "allowed"), [(0, 20), (0.1, 1), (2, 6)])
def test_a_deployment_scales_all_limits(scale, allowed, settings):
    settings.CONVEYOR_LIMITS = scale
    assert taken(20, client="a") == allowed


def test_simultaneous_tries_are_all_counted():
    assert taken_at_once(20) == 3


def test_a_cache_that_is_down_lets_everything_through_and_says_so_once(settings, monkeypatch, caplog):
    monkeypatch.setenv("CACHE_URL", f"redis://127.0.0.1:{free_port()}/1")
    settings.CACHES = settings.CACHES | {"limits": env.limits_cache()}
    with caplog.at_level(logging.WARNING):
        assert taken(5, client="a") == 5
        monkeypatch.setattr(counters._outage, "until", 1e-9)
        assert not cache_answers()
    [line] = caplog.messages
    assert line.startswith("The cache has failed, so nothing is limited: ConnectionError")


@pytest.mark.broker
def test_processes_share_counts_in_a_real_cache(tmp_path, settings, monkeypatch):
    server = Valkey(tmp_path)
    server.start()
    try:
        monkeypatch.setenv("CACHE_URL", server.url.removesuffix("/0") + "/1")
        settings.CACHES = settings.CACHES | {"limits": env.limits_cache()}
        assert taken_at_once(8) == 3
        client = caches["limits"]._cache.get_client()
        [key] = client.keys()
        assert 0 < client.ttl(key) <= 60
        assert cache_answers()
    finally:
        server.stop()
