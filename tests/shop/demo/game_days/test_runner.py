"""A game day that is interrupted ends every fault that it began."""

import os
import signal
from contextlib import nullcontext
from io import StringIO

import pytest
from django.core.management import CommandError, call_command
from django.db import OperationalError, connection

from messaging import simulated_outages
from messaging.operations.permissions import Actor
from orders.models import Order
from payments.gateways.simulated import LATENCY, NAME
from shop.demo.game_days import runner, scenarios, services
from shop.demo.game_days.scenarios import SCENARIOS
from shop.management.commands import gameday
from shop.models import Fault
from tests.factories import ProductFactory

pytestmark = pytest.mark.django_db(transaction=True)
ANN = Actor.system("ann")


def begin(kind, current):
    return services.begin_fault(kind=kind, actor=ANN, game_day=current.name)


@pytest.fixture
def game_day():
    plan = scenarios.plan(scenario=SCENARIOS["gateway-outage"], seed=1, orders=1, seconds=5)
    current = runner.Run(plan, ANN)
    current.faults += [begin(kind, current) for kind in ("gateway-outage", "slow-gateway")]
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


def test_a_database_that_cannot_be_read_is_asked_again(game_day, monkeypatch):
    failures = [OperationalError("the database is away")]

    def fail_once(execute, *arguments):
        if failures:
            raise failures.pop()
        return execute(*arguments)

    monkeypatch.setattr(runner, "LOOK_SECONDS", 0)
    with connection.execute_wrapper(fail_once):
        runner._end(game_day)
    assert not failures
    assert not simulated_outages.is_active(name=NAME)


@pytest.mark.parametrize("step", ["recorded", "begun"])
def test_a_fault_that_had_only_just_begun_ends_too(monkeypatch, step):
    """Interrupted once it is recorded, or once it has its effect, but before the game day knows of it."""
    ProductFactory.create(stock=1)
    monkeypatch.setattr(runner, "_require_workers", lambda: None)
    begin_real = services._begin

    def interrupted(*arguments, **options):
        if step == "begun":
            begin_real(*arguments, **options)
        raise KeyboardInterrupt

    monkeypatch.setattr(services, "_begin", interrupted)
    plan = scenarios.plan(scenario=SCENARIOS["gateway-outage"], seed=1, orders=1, seconds=60)
    with pytest.raises(runner.Interrupted, match="Its faults have ended"):
        runner.run(plan=plan, actor=ANN, progress=lambda run, report: None, patience=0)
    assert not simulated_outages.is_active(name=NAME)
    assert list(Fault.objects.values_list("kind", "holds")) == [("gateway-outage", None)]


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_game_day_that_is_stopped_ends_its_faults_and_says_so(monkeypatch, capsys, number):
    def stop(*arguments):
        if simulated_outages.is_active(name=NAME):
            os.kill(os.getpid(), number)

    ProductFactory.create(stock=1)
    monkeypatch.setattr(runner, "_require_workers", lambda: None)
    monkeypatch.setattr(gameday.Command, "_progress", stop)
    kept = {each: signal.getsignal(each) for each in (signal.SIGINT, signal.SIGTERM)}
    signal.signal(signal.SIGINT, signal.default_int_handler)  # a job in the background ignores it
    signal.signal(signal.SIGTERM, lambda *arguments: None)  # as if the test had been killed, for what does not catch it
    try:
        with pytest.raises(CommandError, match="Its faults have ended; its orders are still processed") as stopped:
            call_command("gameday", "gateway-outage", "--orders", "1", "--seconds", "60")
    finally:
        for each, handler in kept.items():
            signal.signal(each, handler)
        was_active = simulated_outages.is_active(name=NAME)
        simulated_outages.end(name=NAME)
    assert not was_active
    assert stopped.value.returncode == 130


def run(scenario: str = "gateway-outage") -> None:
    ProductFactory.create(stock=1)
    plan = scenarios.plan(scenario=SCENARIOS[scenario], seed=1, orders=1, seconds=60)
    runner.run(plan=plan, actor=ANN, progress=lambda run, report: None, patience=0)


@pytest.mark.parametrize("again", ["interrupted", "given up"])
def test_a_game_day_does_not_claim_that_faults_have_ended_that_have_not(monkeypatch, again):
    """A second Ctrl-C while they end, or a database that stays away meanwhile."""

    def interrupted(*_arguments):
        raise KeyboardInterrupt

    monkeypatch.setattr(runner, "_require_workers", lambda: None)
    monkeypatch.setattr(runner, "_wait", interrupted)
    monkeypatch.setattr(runner, "END_SECONDS", -1)
    monkeypatch.setattr(runner, "_have_ended", interrupted if again == "interrupted" else lambda current: False)
    with pytest.raises(runner.Interrupted, match="that are active end by themselves"):
        run()
    simulated_outages.end(name=NAME)


def test_a_second_game_day_is_refused_before_it_places_an_order():
    with services.only_game_day(), pytest.raises(services.FaultRefused, match="Another game day is under way"):
        run("carrier-outage")
    assert not Order.objects.exists()


def test_a_game_day_whose_fault_is_active_is_refused_before_it_places_an_order(game_day):
    with pytest.raises(services.FaultRefused, match=r"gateway-outage, begun by ann, is active until .* UTC"):
        run()
    assert not Order.objects.exists()


def test_a_game_day_whose_outage_a_command_began_is_refused_before_it_places_an_order():
    call_command("outage", NAME, stdout=StringIO())
    with pytest.raises(services.FaultRefused, match=f"A command has begun an outage of {NAME}"):
        run()
    simulated_outages.end(name=NAME)
    assert not Order.objects.exists()


@pytest.mark.parametrize(
    ("answers", "is_refused"),
    [
        ([None, {"payments": 1}, {"shipping": 1}], False),
        ([{"payments": 1}] * runner.LOOKS, True),
        ([None] * runner.LOOKS, True),
    ],
)
def test_workers_that_answer_late_are_asked_again(monkeypatch, answers, is_refused):
    given = iter(answers)
    monkeypatch.setattr(runner.inspect, "ask", lambda question: next(given))
    monkeypatch.setattr(runner, "LOOK_SECONDS", 0)
    with pytest.raises(runner.NothingRuns, match="make run") if is_refused else nullcontext():
        runner._require_workers()
    assert not list(given)
