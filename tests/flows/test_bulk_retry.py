"""Bulk retries on real processes: rate limit, killed driver, failing canary, cancellation."""

import json
import time

import pytest

from messaging.models import Message, State
from messaging.operations.models import AuditEntry
from tests.flows.bulk_retry import busiest_second, make_dead, operation, send_times
from tests.stack import PATIENT

WORKERS = {"shipping": 2, "maintenance": 1}
RATE = 100


@pytest.fixture
def stack(make_stack):
    return make_stack(workers=WORKERS, web=False, own_broker=False, env=PATIENT)


def dlq(stack, *arguments: str) -> dict:
    done = stack.manage("dlq", *arguments, "--json")
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def run(stack, *, succeed: bool = True, count: int = 300, canary: int = 10) -> str:
    """Start a bulk retry of `count` dead messages; return its id."""
    with stack.db() as alias:
        make_dead(count, using=alias, succeed=succeed)
    pace = ("--rate", str(RATE), "--canary", str(canary), "--stop-ratio", "0.5")
    return dlq(stack, "retry", "--queue", "shipping", *pace)["id"]


def wait_until(stack, id_: str, reached):
    """The operation once `reached(operation)` is true."""

    def look():
        with stack.db() as alias:
            seen = operation(id_, using=alias)
        return seen if reached(seen) else None

    return stack.wait_for(look, what="the bulk retry reached the expected state")


def pending(stack) -> bool:
    with stack.db() as alias:
        return Message.objects.using(alias).filter(queue="shipping", state=State.PENDING).exists()


def test_it_survives_a_killed_driver_keeps_its_rate_and_sends_nothing_twice(stack):
    id_ = run(stack)
    wait_until(stack, id_, lambda seen: seen.succeeded >= 20)
    driver = stack.worker("maintenance")
    driver.kill()
    driver.start()
    final = wait_until(stack, id_, lambda seen: seen.state == "finished")
    assert (final.succeeded, final.failed_again, final.waiting) == (300, 0, 0)
    with stack.db() as alias:
        moments = send_times(id_, using=alias)
        assert AuditEntry.objects.using(alias).filter(operation_id=id_, action="bulk retry").count() == 300
    assert len(moments) == 300
    assert busiest_second(moments) <= RATE
    assert stack.audit() == []


def test_it_stops_when_the_canary_fails_again(stack):
    id_ = run(stack, succeed=False)
    final = wait_until(stack, id_, lambda seen: seen.state == "stopped" and seen.sent == 0)
    assert final.failed_again >= 5
    with stack.db() as alias:
        assert len(send_times(id_, using=alias)) == 10
        assert Message.objects.using(alias).dead().filter(queue="shipping").count() == 300


def test_cancelling_takes_effect_at_once_even_with_the_driver_dead(stack):
    id_ = run(stack, canary=0, count=3000)
    wait_until(stack, id_, lambda seen: seen.succeeded >= 50)
    stack.worker("maintenance").kill()
    dlq(stack, "cancel", id_)
    stack.wait_for(lambda: not pending(stack), what="the relay has been through what was released")
    with stack.db() as alias:
        sent = len(send_times(id_, using=alias))
        cancelled = operation(id_, using=alias).cancelled
    time.sleep(2)
    with stack.db() as alias:
        assert len(send_times(id_, using=alias)) == sent < 3000
        left = Message.objects.using(alias).filter(queue="shipping", state=State.DEAD).count()
    assert left == cancelled == 3000 - sent
