"""Recovery: lost messages are sent again, queued ones are not."""

from datetime import timedelta

import pytest
from django.utils import timezone

from messaging.models import Message, State
from messaging.relay import claim, recovery
from tests.messaging.relay.helpers import enqueue, take

pytestmark = pytest.mark.django_db(transaction=True)


def test_a_lost_message_is_sent_again_after_the_visibility_timeout(relay, settings):
    settings.CONVEYOR_VISIBILITY = 10
    (message,) = enqueue()
    claim.claim(limit=1)
    relay.turn()
    message.refresh_from_db()
    assert message.state == State.SENT
    Message.objects.update(sent_at=timezone.now() - timedelta(seconds=11))
    assert relay.turn() == 1
    message.refresh_from_db()
    assert (message.state, message.sends) == (State.SENT, 2)
    assert take(relay._publisher.connection) is not None


def test_a_message_still_in_its_queue_is_not_sent_again(relay, settings):
    settings.CONVEYOR_VISIBILITY = 10
    enqueue(3)
    relay.turn()
    Message.objects.update(sent_at=timezone.now() - timedelta(seconds=11))
    assert relay.turn() == 0
    assert set(Message.objects.values_list("sends", flat=True)) == {1}
    Message.objects.update(sent_at=timezone.now() - timedelta(seconds=10 * recovery.MAX_TIMEOUTS + 1))
    assert relay.turn() == 3
