"""A system that refuses whatever the project asks, as with an invalid API key: an outage from the first answer on."""

import pytest

from messaging.models import Circuit, State
from tests.messaging.circuit_breaker.system import NAME, ClosedToUs, again, asked, probe_is_due, script, send

pytestmark = pytest.mark.django_db(transaction=True)


def test_a_system_that_is_closed_to_us_opens_the_circuit_at_once_and_costs_no_attempt():
    script.append(ClosedToUs("the key is wrong"))
    first, second = send(2)
    assert {(message.state, message.attempts, message.waits_for) for message in (first, second)} == {
        (State.PENDING, 0, NAME)
    }
    assert len(asked) == 1
    assert Circuit.objects.get().last_error == "ClosedToUs: the key is wrong"


def test_a_system_that_stays_closed_to_us_costs_no_attempt_of_its_probe():
    script.extend([ClosedToUs(), ClosedToUs()])
    (first,) = send()
    probe_is_due()
    assert again(first).attempts == 0
    assert Circuit.objects.get().is_open
    probe_is_due()
    assert again(first).state == State.DONE
    assert not Circuit.objects.get().is_open
