"""Circuit breaker: opens on an outage, defers without spending attempts, probes, closes."""

import threading
from datetime import timedelta
from types import SimpleNamespace

import pytest
from celery.exceptions import SoftTimeLimitExceeded
from django.db import connection
from django.utils import timezone

from messaging import circuit_breaker, transitions
from messaging.circuit_breaker import CircuitOpen, Verdict, guard
from messaging.models import Attempt, Circuit, Message, State
from messaging.signals import message_deferred
from tests.messaging.circuit_breaker.system import (
    NAME,
    Refusal,
    again,
    asked,
    down,
    enqueue,
    judge,
    opened,
    probe_is_due,
    script,
    send,
)
from tests.messaging.deliver import claim_due, claimable, hand_over
from tests.messaging.samples import TemporaryError
from tests.patience import PATIENCE

pytestmark = pytest.mark.django_db(transaction=True)


def test_a_closed_circuit_costs_one_query_a_second_and_leaves_no_row(django_assert_num_queries, monkeypatch):
    for seconds in (100.0, 101.1):
        monkeypatch.setattr(circuit_breaker, "time", SimpleNamespace(monotonic=lambda now=seconds: now))
        with django_assert_num_queries(1):
            for _ in range(5):
                with guard(NAME, judge=judge):
                    pass
    assert not Circuit.objects.exists()


def test_failures_of_different_messages_in_a_row_open_the_circuit():
    down(3)
    first, second, third = send(3)
    assert {first.attempts, second.attempts, third.attempts} == {1}
    circuit = Circuit.objects.get()
    assert circuit.is_open
    assert circuit.last_error == "TemporaryError: no answer"
    assert circuit.probe_at > timezone.now() + timedelta(seconds=9)


def test_repeated_failures_of_one_message_do_not_open_the_circuit():
    down(5)
    (message,) = send()
    while message.state == State.PENDING:
        message = again(message)
    assert message.state == State.DEAD
    assert not Circuit.objects.get().is_open


def test_an_answer_resets_the_count():
    down(2)
    send(2)
    circuit_breaker.forget()
    send()
    down(2)
    send(2)
    assert not Circuit.objects.get().is_open
    assert len(Circuit.objects.get().failing) == 2


def test_failures_far_apart_are_not_consecutive():
    down(2)
    send(2)
    Circuit.objects.update(failed_at=timezone.now() - timedelta(hours=1))
    down(1)
    send()
    assert len(Circuit.objects.get().failing) == 1


@pytest.mark.parametrize("error", [Refusal("no"), ValueError("a bug")])
def test_refusals_and_bugs_do_not_open_the_circuit(error):
    script.extend([error] * 5)
    assert {message.state for message in send(5)} == {State.DEAD}
    assert not Circuit.objects.exists()


def test_while_it_is_open_messages_are_deferred_without_spending_attempts():
    opened()
    sent = []
    message_deferred.connect(lambda **kwargs: sent.append(kwargs["circuit"]), weak=False, dispatch_uid="test")
    try:
        (message,) = send()
        for _ in range(7):
            message = again(message)
    finally:
        message_deferred.disconnect(dispatch_uid="test")
    assert not asked
    assert message.state == State.PENDING
    assert (message.attempts, message.waits_for) == (0, NAME)
    assert not Attempt.objects.filter(message=message).exists()
    assert message.available_at > timezone.now()
    assert sent == [NAME], "once per outage, however often the message is deferred"


def test_an_answer_to_a_probe_releases_all_deferred_messages():
    opened()
    waiting = send(4)
    probe_is_due()
    assert again(waiting[0]).state == State.DONE
    assert len(asked) == 1
    assert not Circuit.objects.get().is_open
    assert circuit_breaker.release_waiting() == 3
    others = Message.objects.filter(pk__in=[message.pk for message in waiting[1:]])
    assert claimable() == set(waiting[1:])
    assert not others.exclude(waits_for="").exists()
    for message in claim_due():
        hand_over(message)
    assert others.filter(state=State.DONE).count() == 3


def test_a_failed_probe_spends_no_attempt_and_leaves_the_circuit_open():
    opened()
    (message,) = send()
    for _ in range(6):
        probe_is_due()
        down(1)
        message = again(message)
    assert len(asked) == 6
    assert (message.state, message.attempts) == (State.PENDING, 0)
    circuit = Circuit.objects.get()
    assert circuit.is_open
    assert circuit.probing_since is None
    assert circuit.probe_at > timezone.now() + timedelta(seconds=9)


def test_a_refused_probe_closes_the_circuit():
    opened()
    script.append(Refusal("no"))
    probe_is_due()
    (message,) = send()
    assert message.state == State.DEAD
    assert not Circuit.objects.get().is_open


def test_only_one_probe_at_a_time():
    opened()
    probe_is_due()
    with guard(NAME, judge=judge):
        assert Circuit.objects.get().probing_since is not None
        circuit_breaker.forget()
        with pytest.raises(CircuitOpen), guard(NAME, judge=judge):
            raise AssertionError("a second probe was sent")


@pytest.mark.skipif("connection.vendor != 'postgresql'", reason="SQLite has one writer at a time")
def test_of_concurrent_calls_one_probes():
    opened()
    probe_is_due()
    start, ended = threading.Barrier(8), threading.Barrier(8)
    results = []

    def call():
        try:
            start.wait(PATIENCE)
            with guard(NAME, judge=judge):
                ended.wait(PATIENCE)
            results.append("probed")
        except CircuitOpen:
            results.append("deferred")
            ended.wait(PATIENCE)
        finally:
            connection.close()

    threads = [threading.Thread(target=call) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(PATIENCE)
    assert sorted(results) == ["deferred"] * 7 + ["probed"]


def test_a_probe_whose_process_dies_is_followed_by_another():
    opened()
    probe_is_due()
    circuit_breaker._claim_probe(NAME)
    assert send()[0].waits_for == NAME
    probe_is_due()
    assert send()[0].state == State.DONE


def interrupted() -> TemporaryError:
    """What a client makes of the soft time limit: an error of its own."""
    try:
        try:
            raise SoftTimeLimitExceeded
        except SoftTimeLimitExceeded as limit:
            raise OSError("read interrupted") from limit
    except OSError:
        try:
            raise TemporaryError("no connection")
        except TemporaryError as error:
            return error


def test_our_own_time_limit_does_not_count_as_an_outage():
    script.extend(interrupted() for _ in range(5))
    send(5)
    assert not asked[5:]
    assert not Circuit.objects.exists()


@pytest.mark.parametrize("error", [ValueError("a bug"), interrupted()], ids=["bug", "limit"])
def test_a_probe_that_says_nothing_leaves_the_circuit_open_for_another_probe(error):
    opened()
    probe_is_due()
    with pytest.raises(type(error)), guard(NAME, judge=judge):
        raise error
    circuit = Circuit.objects.get()
    assert circuit.is_open
    assert circuit.probing_since is None
    assert circuit.probe_at <= timezone.now() + timedelta(seconds=10)


def test_a_judge_that_fails_hides_no_error():
    def confused(error: Exception) -> Verdict:
        raise ZeroDivisionError

    with pytest.raises(TemporaryError), guard(NAME, judge=confused):
        raise TemporaryError
    assert not Circuit.objects.exists()


def test_the_clock_of_the_host_does_not_hasten_a_probe(monkeypatch):
    opened()
    later = timezone.now() + timedelta(hours=1)
    monkeypatch.setattr(timezone, "now", lambda: later)
    with pytest.raises(CircuitOpen) as wait, guard(NAME, judge=judge):
        raise AssertionError("it probed before its time")
    assert wait.value.seconds < 30


def test_a_probe_that_finds_the_circuit_closed_runs_normally():
    opened()
    send()
    Circuit.objects.update(opened_at=None)
    assert send()[0].state == State.DONE


def test_with_a_threshold_of_zero_the_breaker_is_off(settings, django_assert_num_queries):
    settings.CONVEYOR_CIRCUIT_FAILURES = 0
    with django_assert_num_queries(0), pytest.raises(TemporaryError), guard(NAME, judge=judge):
        raise TemporaryError


def test_failures_outside_a_message_do_not_open_the_circuit():
    for _ in range(5):
        with pytest.raises(TemporaryError), guard(NAME, judge=judge):
            raise TemporaryError
    assert Circuit.objects.get().failing == []


def test_a_call_in_progress_when_the_circuit_opens_spends_its_attempt():
    def goes_down() -> None:
        with guard(NAME, judge=judge):
            opened()
            Circuit.objects.update(probe_at=later)
            raise TemporaryError

    later = timezone.now() + timedelta(hours=1)
    with pytest.raises(TemporaryError):
        goes_down()
    assert Circuit.objects.get().probe_at == later, "the next probe is not delayed"


def test_the_delay_grows_with_the_age_of_the_outage(monkeypatch):
    monkeypatch.setattr(circuit_breaker.random, "uniform", lambda low, high: high)
    circuit = opened()
    Circuit.objects.update(opened_at=circuit.opened_at - timedelta(minutes=20))
    circuit_breaker.forget()
    with pytest.raises(CircuitOpen) as wait, guard(NAME, judge=judge):
        pass
    assert 300 < wait.value.seconds < 320
    assert NAME in str(wait.value)


def test_a_message_not_in_flight_is_not_deferred():
    opened()
    message = enqueue()
    assert transitions.defer(message_id=message.pk, sends=1, circuit=NAME, delay=1) is None
    message.refresh_from_db()
    assert message.waits_for == ""
