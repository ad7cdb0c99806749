"""Erlang C beside published values, and its limits."""

import math

import pytest

from shop.capacity import erlang

#: Servers, erlangs, the share that waits. The first is M/M/1; of the last two, mean waits are published, too:
#: https://www.mitan.co.uk/erlang/elgcmath.htm and https://www.callcentrehelper.com/erlang-c-formula-example-121281.htm
PUBLISHED = [(1, 0.5, 0.5), (2, 1.0, 1 / 3), (3, 2.0, 4 / 9), (55, 48.0, 0.239), (14, 10.0, 0.174)]


@pytest.mark.parametrize(("servers", "load", "waiting"), PUBLISHED)
def test_the_share_that_waits_is_as_published(servers, load, waiting):
    assert erlang.waiting_probability(servers=servers, load=load) == pytest.approx(waiting, abs=0.0005)


@pytest.mark.parametrize(("servers", "load", "service", "seconds"), [(55, 48, 240, 8.2), (14, 10, 180, 7.8)])
def test_the_mean_wait_is_as_published(servers, load, service, seconds):
    assert erlang.mean_wait(servers=servers, load=load, service=service) == pytest.approx(seconds, abs=0.05)


def test_the_wait_of_a_share_is_that_of_the_exponential_distribution():
    # One server, busy for a share b: the share that waits longer than t services is b * exp(-(1 - b) * t).
    seconds = erlang.wait_within(share=0.95, servers=1, load=0.7, service=1.0)
    assert 0.7 * math.exp(-0.3 * seconds) == pytest.approx(0.05)


def test_nobody_waits_where_fewer_than_the_rest_find_every_server_busy():
    assert erlang.wait_within(share=0.95, servers=20, load=2, service=1.0) == 0


@pytest.mark.parametrize("load", [3.0, 4.5])
def test_overloaded_servers_are_never_free(load):
    assert erlang.waiting_probability(servers=3, load=load) == 1
    assert erlang.mean_wait(servers=3, load=load, service=1.0) == math.inf
    assert erlang.wait_within(share=0.95, servers=3, load=load, service=1.0) == math.inf


@pytest.mark.parametrize(("load", "servers"), [(0.0001, 1), (0.7, 1), (0.71, 2), (2.1, 3), (7.0, 10), (7.01, 11)])
def test_servers_are_busy_for_at_most_70_percent(load, servers):
    assert erlang.servers_for(load=load) == servers
