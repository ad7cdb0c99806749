"""Completion: effects, follow-up messages and "done" commit together."""

import pytest
from django.contrib.auth.models import Group

from messaging import outbox
from messaging.models import Attempt, Message, State
from messaging.worker.task import UseOutbox
from tests.messaging import samples
from tests.messaging.deliver import deliver, hand_over, send
from tests.messaging.samples import Bug, Sample, Versioned, behaviour
from tests.messaging.worker.helpers import effect, enqueue

pytestmark = pytest.mark.django_db(transaction=True)


def test_a_task_commits_its_effect_and_done_together():
    behaviour["one"] = effect
    message = deliver(enqueue("one"))
    assert message.state == State.DONE
    assert message.finished_at is not None
    assert Group.objects.get().name == "one"
    assert not Attempt.objects.exists()


def test_messages_enqueued_by_a_task_roll_back_with_it():
    def follow(self, payload):
        with self.complete():
            outbox.enqueue(Sample(text="next"))
            raise Bug

    behaviour["one"] = follow
    deliver(enqueue("one"))
    assert Message.objects.count() == 1


def test_messages_enqueued_by_a_task_belong_to_its_chain():
    def follow(self, payload):
        with self.complete():
            outbox.enqueue(Sample(text="next"))

    behaviour["one"] = follow
    first = deliver(enqueue("one"))
    following = Message.objects.exclude(pk=first.pk).get()
    assert (following.causation_id, following.correlation_id) == (first.pk, first.correlation_id)


def test_a_task_that_never_completes_is_dead():
    behaviour["one"] = lambda self, payload: None
    message = deliver(enqueue("one"))
    assert (message.state, message.error_type) == (State.DEAD, "messaging.worker.task.NeverCompleted")


def test_an_old_message_is_lifted_and_done():
    seen = []
    behaviour["versioned"] = lambda self, payload: seen.append(payload.full_name)
    with outbox.transaction():
        message = outbox.enqueue(Versioned(full_name="x"))
    Message.objects.filter(pk=message.pk).update(payload={"name": "Ada"}, schema_version=1)
    assert deliver(message).state == State.DONE
    assert seen == ["Ada"]


def test_a_first_delivery_costs_one_update(django_assert_num_queries):
    message = send(enqueue("ok"))
    with django_assert_num_queries(3):  # BEGIN, UPDATE to done, COMMIT
        hand_over(message)


def test_a_reliable_task_cannot_be_sent_without_the_outbox():
    with pytest.raises(UseOutbox, match=r"messaging\.outbox\.enqueue"):
        samples.sample.delay(text="a")
    with pytest.raises(UseOutbox):
        samples.sample(text="a")
