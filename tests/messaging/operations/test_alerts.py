"""Alerts: each condition is reported once, and again only when it returns."""

import logging
from datetime import timedelta

import pytest
from celery.exceptions import SoftTimeLimitExceeded
from django.core import mail
from django.utils import timezone

from messaging import outbox, scheduler, transitions
from messaging.models import Circuit, Cursor, Message, PeriodicTask, QueuePause, State
from messaging.operations import actions, alerts
from messaging.operations.actions import groups
from messaging.operations.models import Alert, FailureGroup, GroupState
from messaging.operations.permissions import Actor
from messaging.relay import flow
from messaging.transitions.failure import synthetic_failure
from tests.delivery import make_due
from tests.messaging.deliver import claim_due, deliver, hand_over, send
from tests.messaging.operations import scripted_mail
from tests.messaging.samples import Sample

pytestmark = pytest.mark.django_db(transaction=True)
ANN = Actor.system("ann")


@pytest.fixture(autouse=True)
def _addresses(settings):
    settings.CONVEYOR_ALERT_EMAILS = ["ops@example.com"]
    settings.EMAIL_BACKEND = "tests.messaging.operations.scripted_mail.EmailBackend"
    scripted_mail.script.clear()
    scripted_mail.timeouts.clear()


def enqueued() -> Message:
    with outbox.transaction():
        return outbox.enqueue(Sample(text="one"))


def dead() -> Message:
    message = send(enqueued())
    transitions.bury(message_id=message.pk, sends=1, failure=synthetic_failure("Bug", "broken", task=message.task))
    message.refresh_from_db()
    return message


def deliver_mails() -> list[Message]:
    """Deliver each alert's message once, however long its backoff."""
    make_due(task="operations.send_alert")
    claimed = [message for message in claim_due() if message.task == "operations.send_alert"]
    for message in claimed:
        hand_over(message)
    return [Message.objects.get(pk=message.pk) for message in claimed]


def raised() -> list[str]:
    """The kinds of the alerts that a check raises."""
    return [alert.key.partition(":")[0] for alert in alerts.raise_alerts(alerts.conditions())]


def test_a_new_group_is_reported_once_by_mail_and_log(caplog):
    dead()
    with caplog.at_level(logging.WARNING):
        assert raised() == ["new"]
        assert raised() == []
    assert mail.outbox == []
    deliver_mails()
    assert [message.subject for message in mail.outbox] == ["[conveyor] New failure: Bug in tests.sample (1 dead)."]
    assert "/admin/operations/failuregroup/" in mail.outbox[0].body
    assert sum("alert:" in record.message for record in caplog.records) == 1


def _by_a_person(message: Message) -> None:
    actions.set_group_state(fingerprint=message.fingerprint, state=GroupState.RESOLVED, actor=ANN)


def _by_itself(message: Message) -> None:
    actions.discard(ids=[message.pk], actor=ANN, reason="a test order")
    groups.resolve_settled()


def _acknowledged(message: Message) -> None:
    actions.set_group_state(fingerprint=message.fingerprint, state=GroupState.ACKNOWLEDGED, actor=ANN)


def _retried(message: Message) -> None:
    actions.retry(ids=[message.pk], actor=ANN)


@pytest.mark.parametrize("handled", [_by_a_person, _by_itself, _acknowledged, _retried])
def test_a_new_group_that_was_handled_clears_its_alert(handled):
    message = dead()
    assert raised() == ["new"]
    handled(message)
    assert raised() == []
    assert Alert.objects.get().cleared_at is not None


def test_a_new_group_that_regresses_is_not_reported_as_new_again():
    message = dead()
    raised()
    _by_a_person(message)
    raised()
    dead()
    assert raised() == ["regressed"]
    _acknowledged(message)
    assert raised() == []
    assert not Alert.objects.filter(cleared_at=None).exists()


def test_a_regressed_group_is_reported_each_time_it_regresses():
    dead()
    raised()
    for _ in range(2):
        FailureGroup.objects.update(state=GroupState.RESOLVED)
        assert raised() == []
        dead()
        assert raised() == ["regressed"]
        assert raised() == []


def test_growth_is_reported_above_its_bound(settings):
    settings.CONVEYOR_ALERT_GROWTH = 3
    dead()
    dead()
    assert raised() == ["new"]
    dead()
    assert raised() == ["growth"]
    Message.objects.update(finished_at=timezone.now() - timedelta(minutes=settings.CONVEYOR_ALERT_GROWTH_MINUTES + 1))
    assert raised() == []
    assert Alert.objects.get(key__startswith="growth").cleared_at is not None


def test_a_pause_without_an_end_is_reported_after_an_hour_until_it_is_resumed():
    actions.pause(queue="payments", actor=ANN, reason="the gateway is moved")
    actions.pause(queue="shipping", actor=ANN, reason="at most today", seconds=80_000)
    assert raised() == []
    QueuePause.objects.update(paused_at=timezone.now() - timedelta(minutes=61))
    assert raised() == ["pause"]
    assert raised() == []
    alert = Alert.objects.get()
    assert alert.key == "pause:payments"
    assert alert.text.endswith("by ann. Resume it on the queues page.")
    actions.resume(queue="payments", actor=ANN, reason="done")
    assert raised() == []
    assert Alert.objects.get().cleared_at is not None


def test_a_queue_that_the_broker_refuses_is_reported_until_it_is_accepted():
    Cursor.write(
        flow.refusals_of(), {"payments": "queue 'payments' is exclusive to another connection; close that one"}
    )
    assert raised() == ["refused"]
    assert raised() == []
    alert = Alert.objects.get()
    assert alert.text == (
        "Nothing is sent to queue payments: queue 'payments' is exclusive to another connection; close that one."
    )
    Cursor.write(flow.refusals_of(), {})
    assert raised() == []
    assert Alert.objects.get().cleared_at is not None


def test_alerts_about_pauses_have_a_bound(monkeypatch):
    monkeypatch.setattr(alerts, "_MAX_PAUSES", 1)
    for queue in ("payments", "shipping"):
        actions.pause(queue=queue, actor=ANN, reason="the network is moved")
    QueuePause.objects.update(paused_at=timezone.now() - timedelta(minutes=61))
    assert raised() == ["pause"]
    assert Alert.objects.get().key == "pause:payments"


def test_a_message_that_is_dead_for_too_long_is_reported(settings):
    message = dead()
    raised()
    Message.objects.update(finished_at=timezone.now() - timedelta(hours=settings.CONVEYOR_ALERT_OLDEST_HOURS + 1))
    assert raised() == ["oldest"]
    actions.retry(ids=[message.pk], actor=ANN)
    assert raised() == []


@pytest.mark.parametrize("failure", [OSError("no mail server"), SoftTimeLimitExceeded(), ValueError("odd header")])
def test_a_mail_server_that_fails_or_hangs_loses_no_alert(failure):
    for number in range(3):
        Circuit.objects.create(pk=f"system.{number}", opened_at=timezone.now())
    scripted_mail.script.extend([failure] * 8)
    assert raised() == ["circuit"] * 3
    for _ in range(2):
        assert {message.state for message in deliver_mails()} == {State.PENDING}
        assert raised() == []
    Circuit.objects.update(opened_at=None)
    assert raised() == []
    deliver_mails()
    deliver_mails()
    assert len(mail.outbox) == 3
    assert not Alert.objects.filter(sent_at=None).exists()
    assert not Message.objects.dead().exists()
    assert "cleared" in mail.outbox[-1].body
    assert set(scripted_mail.timeouts) == {10}


def test_the_text_of_an_error_may_have_several_lines():
    Circuit.objects.create(pk="system.test", opened_at=timezone.now(), last_error="refused\r\nBcc: eve@example.com")
    raised()
    deliver_mails()
    assert len(mail.outbox) == 1
    assert mail.outbox[0].recipients() == ["ops@example.com"]


def test_an_alert_that_was_sent_is_not_sent_again():
    dead()
    raised()
    alerts.mark_sent(Alert.objects.get().pk)
    deliver_mails()
    assert mail.outbox == []


def test_groups_that_change_places_raise_no_alert_again():
    for number in range(alerts._MAX_GROUPS + 5):
        seen = timezone.now() - timedelta(minutes=number)
        FailureGroup.objects.create(pk=f"g{number:03}", first_seen=seen, last_seen=seen, dead_count=number + 1)
    assert len(raised()) == alerts._MAX_GROUPS
    for number in range(alerts._MAX_GROUPS + 5):
        FailureGroup.objects.filter(pk=f"g{number:03}").update(dead_count=100 - number)
        assert raised() == []


def test_without_addresses_alerts_are_only_logged(settings, caplog):
    settings.CONVEYOR_ALERT_EMAILS = []
    dead()
    with caplog.at_level(logging.WARNING):
        assert raised() == ["new"]
    deliver_mails()
    assert mail.outbox == []
    assert "alert: New failure" in caplog.text


def test_messages_that_wait_long_for_a_newer_release_are_reported(settings):
    message = enqueued()
    later = timezone.now() + timedelta(hours=1)
    Message.objects.filter(pk=message.pk).update(waits_for="release", available_at=later)
    assert raised() == []
    hours = settings.CONVEYOR_ALERT_OLDEST_HOURS
    Message.objects.update(deferred_since=timezone.now() - timedelta(hours=hours, minutes=1))
    assert raised() == ["release"]
    assert raised() == []
    assert "tests.sample" in Alert.objects.get().text
    Message.objects.filter(pk=message.pk).update(state=State.DONE)
    assert raised() == []
    assert Alert.objects.get().cleared_at is not None


def check() -> Message:
    """Deliver the pending check."""
    Message.objects.filter(task="operations.raise_alerts").update(available_at=timezone.now())
    return deliver(Message.objects.get(task="operations.raise_alerts", state=State.PENDING))


def test_each_check_enqueues_the_next_so_that_a_silent_beat_is_reported(settings):
    scheduler.tick("operations.raise_alerts")
    silent = timezone.now() - timedelta(seconds=settings.CONVEYOR_ALERT_BEAT_SECONDS + 1)
    PeriodicTask.objects.create(name=PeriodicTask.HEARTBEAT, last_at=silent)
    for _ in range(3):
        assert check().state == State.DONE
        following = Message.objects.get(task="operations.raise_alerts", state=State.PENDING)
        assert following.available_at > timezone.now() + timedelta(seconds=50)
    assert scheduler.tick("operations.raise_alerts") is None
    assert [alert.key for alert in Alert.objects.all()] == ["beat"]
    PeriodicTask.objects.update(last_at=timezone.now())
    check()
    assert Alert.objects.get().cleared_at is not None


def test_a_check_from_before_a_stop_of_the_whole_system_does_not_blame_beat():
    stopped = timezone.now() - timedelta(hours=12)
    scheduler.tick("operations.raise_alerts")
    Message.objects.update(created_at=stopped)
    PeriodicTask.objects.create(name=PeriodicTask.HEARTBEAT, last_at=stopped)
    check()
    assert not Alert.objects.exists()


def test_a_second_chain_of_checks_ends():
    scheduler.tick("operations.raise_alerts")
    message = Message.objects.get()
    check()
    Message.objects.filter(pk=message.pk).update(state=State.PENDING)
    deliver(Message.objects.get(pk=message.pk))
    assert Message.objects.live().count() == 1
