"""Order within a subject: in the order of causes, one after the other, none after one that failed again."""

from datetime import timedelta

import pytest
from django.utils import timezone

from messaging.models import Message, State
from messaging.operations.bulk_retry import selectors, services, subject_order
from messaging.operations.models import BulkOperation, BulkState, ItemOutcome, SkipReason
from tests.messaging.operations.bulk_retry.dead import ANN, dead, previewed, relay, turn

pytestmark = pytest.mark.django_db(transaction=True)


def start(*, canary: int = 0, stop_ratio: float = 1.0) -> BulkOperation:
    pace = services.Pace(rate=200, canary=canary, stop_ratio=stop_ratio)
    return services.start(operation_id=previewed().pk, pace=pace, actor=ANN)


def of_one_subject(count: int, subject: str = "CV-1") -> list[Message]:
    """Dead messages in the order of their causes, which died in the opposite order."""
    now, messages = timezone.now(), dead(count, subject=subject)
    for number, message in enumerate(messages):
        message.created_at = now - timedelta(minutes=count - number)
        message.finished_at = now - timedelta(seconds=number)
        message.causation_id = messages[number - 1].pk if number else None
        message.save()
    return messages


def finish(*messages: Message, state: State = State.DONE) -> None:
    Message.objects.filter(pk__in=[m.pk for m in messages]).update(state=state, finished_at=timezone.now())


def ended_as(operation: BulkOperation) -> list[str]:
    return list(operation.items.order_by("position").values_list("outcome", flat=True))


def test_messages_of_a_subject_are_selected_in_the_order_of_their_causes():
    messages = of_one_subject(3)
    (other,) = dead()
    order = list(previewed().items.order_by("position").values_list("message_id", flat=True))
    assert [id_ for id_ in order if id_ != other.pk] == [message.pk for message in messages]


def test_an_effect_comes_after_its_cause_although_a_clock_was_wrong():
    first, second = of_one_subject(2)
    Message.objects.filter(pk=second.pk).update(created_at=first.created_at - timedelta(hours=1))
    assert subject_order.ids(Message.objects.dead(), limit=10) == [first.pk, second.pk]


def test_causes_in_a_circle_are_each_selected_once():
    first, second = of_one_subject(2)
    Message.objects.filter(pk=first.pk).update(causation_id=second.pk)
    assert set(subject_order.ids(Message.objects.dead(), limit=10)) == {first.pk, second.pk}


def test_a_later_message_of_a_subject_is_sent_only_after_the_earlier_was_done(clock):
    first, second, third = of_one_subject(3)
    (other,) = dead(subject="CV-2")
    operation = turn(start())
    assert {m.pk for m in relay()} == {first.pk, other.pk}
    clock.tick(2)
    assert turn(operation).sent == 2, "nothing is sent while the first runs"
    for done, following in ((first, second), (second, third)):
        finish(done)
        clock.tick(2)
        turn(operation)
        assert [m.pk for m in relay()] == [following.pk]
    finish(third, other)
    operation = turn(operation)
    assert (operation.state, operation.succeeded) == (BulkState.FINISHED, 4)


def test_what_follows_a_message_that_failed_again_is_skipped_with_the_reason(clock):
    first, *_ = of_one_subject(4)
    (other,) = dead(subject="CV-2")
    operation = turn(start())
    relay()
    finish(first, state=State.DEAD)
    finish(other)
    operation = turn(operation)
    assert (operation.state, operation.failed_again, operation.skipped) == (BulkState.FINISHED, 1, 3)
    assert selectors.skip_counts([operation])[operation.pk] == {SkipReason.EARLIER_FAILED: 3}
    assert Message.objects.filter(subject="CV-1", state=State.DEAD, replayed_from=0).count() == 3


def test_what_follows_a_message_that_somebody_else_moved_is_sent(clock):
    first, second = of_one_subject(2)
    operation = start()
    Message.objects.filter(pk=first.pk).update(state=State.DISCARDED)
    operation = turn(operation)
    assert (operation.skipped, operation.state) == (1, BulkState.RUNNING)
    turn(operation)
    assert [m.pk for m in relay()] == [second.pk]


def test_messages_that_are_skipped_at_the_preview_block_nothing(clock):
    first, second = of_one_subject(2)
    Message.objects.filter(pk=first.pk).update(payload={"odd": 1})
    turn(start())
    assert [m.pk for m in relay()] == [second.pk]


def test_messages_without_a_subject_do_not_wait_for_each_other(clock):
    dead(5)
    assert turn(start()).sent == 5


def test_many_messages_of_one_subject_are_skipped_by_a_constant_number_of_statements(
    clock, django_assert_max_num_queries
):
    messages = dead(2500, subject="CV-1")
    operation = turn(start())
    relay()
    finish(messages[0], state=State.DEAD)
    Message.objects.filter(pk__in=[m.pk for m in messages]).update(state=State.DEAD)
    with django_assert_max_num_queries(25):
        operation = turn(operation)
    assert (operation.state, operation.skipped) == (BulkState.FINISHED, 2499)


def test_a_new_canary_does_not_count_what_was_sent_before_it(clock):
    """A blocked message is sent after others that stand behind it."""
    first, _second = of_one_subject(2)
    dead(8, finished_at=timezone.now() + timedelta(seconds=1))
    operation = turn(start(canary=5, stop_ratio=0.5))
    finish(*[message for message in relay() if message != first], state=State.DEAD)
    finish(first)
    operation = turn(operation)
    assert operation.state == BulkState.STOPPED
    operation = services.resume(operation_id=operation.pk, actor=ANN)
    clock.tick(2)
    operation = turn(operation)
    assert (operation.state, operation.sent) == (BulkState.RUNNING, 5)
    assert ended_as(operation).count(ItemOutcome.WAITING) == 0
