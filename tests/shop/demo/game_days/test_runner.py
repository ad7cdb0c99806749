"""A game day that is interrupted ends every fault that it began."""

import pytest
from django.db import OperationalError

from messaging import simulated_outages
from messaging.operations.permissions import Actor
from payments.gateways.simulated import LATENCY, NAME
from shop.demo.game_days import runner, scenarios, services
from shop.demo.game_days.scenarios import SCENARIOS

pytestmark = pytest.mark.django_db(transaction=True)
ANN = Actor.system("ann")


@pytest.fixture
def game_day():
    plan = scenarios.plan(scenario=SCENARIOS["gateway-outage"], seed=1, orders=1, seconds=5)
    current = runner.Run(plan, ANN)
    current.faults += [services.begin_fault(kind=kind, actor=ANN) for kind in ("gateway-outage", "slow-gateway")]
    yield current
    for name in (NAME, LATENCY):
        simulated_outages.end(name=name)


@pytest.mark.parametrize("error", [OperationalError("database is locked"), RuntimeError("a bug")])
def test_a_fault_that_cannot_be_ended_keeps_no_other_from_ending(game_day, monkeypatch, error):
    real, failures = services.end_fault, [error]

    def fail_once(**arguments):
        if failures:
            raise failures.pop()
        real(**arguments)

    monkeypatch.setattr(runner.services, "end_fault", fail_once)
    monkeypatch.setattr(runner, "LOOK_SECONDS", 0)
    runner._end(game_day)
    assert not simulated_outages.is_active(name=LATENCY)
    assert simulated_outages.is_active(name=NAME) == isinstance(error, RuntimeError)


def test_a_database_that_stays_away_is_given_up(game_day, monkeypatch):
    def refuse(**arguments):
        calls.append(arguments["fault"].kind)
        raise OperationalError("the database is away")

    calls: list[str] = []
    monkeypatch.setattr(runner.services, "end_fault", refuse)
    monkeypatch.setattr(runner, "END_SECONDS", -1)
    runner._end(game_day)
    assert calls == ["gateway-outage", "slow-gateway"]
