"""Due times: what a worker puts off is due by the database's clock, whatever this host's clock says."""

from datetime import timedelta
from functools import partial

import pytest
import time_machine
from django.db import connection
from django.utils import timezone

from messaging import clock, transitions
from messaging.models import Message, Waits
from messaging.transitions.failure import synthetic_failure
from tests.messaging.deliver import send
from tests.messaging.worker.helpers import enqueue

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.skipif(connection.vendor != "postgresql", reason="SQLite has this host's clock"),
]
DELAY = 60.0
FAILURE = synthetic_failure("Lost", "the connection was lost", task="tests.sample", worker="worker@test")
REPORTS = {
    "retried": partial(transitions.reschedule, failure=FAILURE, delay=DELAY, limit=5),
    "deferred": partial(transitions.defer, circuit="gateway", delay=DELAY),
    "waiting": partial(transitions.wait, waits_for=Waits.RELEASE),
    "given back": transitions.give_back,
}


@pytest.mark.parametrize("hours", [-1, 1])
@pytest.mark.parametrize("report", REPORTS.values(), ids=REPORTS)
def test_a_message_that_is_put_off_is_due_by_the_clock_of_the_database(report, hours):
    message = send(enqueue())
    before = clock.now()
    with time_machine.travel(timezone.now() + timedelta(hours=hours)):
        assert report(message_id=message.pk, sends=message.sends)
    message = Message.objects.get(pk=message.pk)
    for at in filter(None, (message.available_at, message.deferred_since)):
        assert before <= at <= clock.now() + timedelta(seconds=DELAY)
