"""The alert about a silent relay: sent by beat itself, and not raised by what is late for another reason."""

import threading
from datetime import timedelta

import pytest
from django.core import mail
from django.utils import timezone

from messaging import outbox
from messaging.models import Cursor, Message, QueuePause, State
from messaging.operations import alerts, receivers
from messaging.operations.models import Alert
from messaging.relay import flow
from messaging.signals import beat_ticked
from tests.messaging.deliver import claim_due, hand_over
from tests.messaging.operations import scripted_mail
from tests.messaging.samples import Sample
from tests.patience import PATIENCE

pytestmark = pytest.mark.django_db(transaction=True)
LONG = timedelta(seconds=121)


@pytest.fixture(autouse=True)
def _addresses(settings):
    settings.CONVEYOR_ALERT_RELAY_SECONDS = 120
    settings.CONVEYOR_ALERT_EMAILS = ["ops@example.com"]
    settings.EMAIL_BACKEND = "tests.messaging.operations.scripted_mail.EmailBackend"
    scripted_mail.script.clear()


def overdue() -> Message:
    with outbox.transaction():
        message = outbox.enqueue(Sample(text="ok"))
    Message.objects.filter(pk=message.pk).update(available_at=timezone.now() - LONG)
    return message


def sent(**columns) -> Message:
    with outbox.transaction():
        message = outbox.enqueue(Sample(text="ok"))
    Message.objects.filter(pk=message.pk).update(**({"state": State.SENT, "sent_at": timezone.now()} | columns))
    return message


def reported() -> bool:
    alerts.watch_relay()
    return Alert.objects.filter(key="relay", cleared_at=None).exists()


def beat() -> None:
    """One look of beat, and the end of what it started."""
    beat_ticked.send(sender=None)
    for thread in threading.enumerate():
        if thread.name == "alerts":
            thread.join(PATIENCE)


def test_a_queue_that_the_broker_refuses_is_late_through_no_fault_of_the_relay():
    overdue()
    Message.objects.update(queue="payments")
    Cursor.write(flow.refusals_of(), {"payments": "the broker refuses it"})
    assert not reported()
    Cursor.write(flow.refusals_of(), {})
    assert reported()


def test_beat_reports_a_refused_maintenance_queue_which_no_task_can():
    sent()
    Cursor.write(flow.refusals_of(), {"maintenance": "the broker refuses it"})
    beat()
    assert Alert.objects.get().text == "No periodic task is sent, nor any other alert: the broker refuses it."
    Cursor.write(flow.refusals_of(), {})
    assert not reported()


def test_beat_reports_a_missing_relay_once():
    overdue()
    for _ in range(3):
        beat()
    assert Alert.objects.get().key == "relay"
    assert len(mail.outbox) == 1
    for claimed in claim_due():
        hand_over(claimed)
    assert set(Message.objects.values_list("state", flat=True)) == {State.DONE}
    assert not reported()
    assert len(mail.outbox) == 1, "its message finds that it was sent"


def test_nothing_is_reported_before_its_time(settings):
    settings.CONVEYOR_ALERT_RELAY_SECONDS = 3600
    overdue()
    assert not reported()


def test_beat_tries_again_while_the_mail_server_fails():
    overdue()
    scripted_mail.script.extend([OSError("refused"), ValueError("odd")])
    for _ in range(3):
        beat()
    assert len(mail.outbox) == 1
    assert Alert.objects.get().sent_at is not None


def test_a_mail_server_that_hangs_does_not_stop_beat(monkeypatch):
    hanging, released = threading.Event(), threading.Event()

    def hang(alert: Alert) -> None:
        hanging.set()
        released.wait(PATIENCE)

    monkeypatch.setattr(alerts, "send", hang)
    overdue()
    beat_ticked.send(sender=None)
    try:
        assert hanging.wait(PATIENCE)
        for _ in range(3):
            beat_ticked.send(sender=None)
        assert [thread.name for thread in threading.enumerate()].count("alerts") == 1
    finally:
        released.set()
    beat()
    assert not receivers._sending.locked()


def test_a_paused_queue_is_not_reported_nor_is_one_that_was_resumed_lately():
    overdue()
    pause = QueuePause.objects.create(queue="maintenance", paused_by="ann", paused_at=timezone.now() - 2 * LONG)
    assert not reported()
    QueuePause.objects.filter(pk=pause.pk).update(resumed_at=timezone.now())
    assert not reported()
    QueuePause.objects.filter(pk=pause.pk).update(resumed_at=timezone.now() - LONG)
    assert reported()


def test_a_queue_with_all_that_may_be_in_flight_is_not_reported(settings):
    """Low messages fill a queue to 0.8 of its limit."""
    settings.CONVEYOR_IN_FLIGHT = 10
    overdue()
    for _ in range(8):
        sent(sent_at=timezone.now() - LONG)
    assert not reported()
    settings.CONVEYOR_IN_FLIGHT = 12
    assert reported()


@pytest.mark.parametrize("state", [State.SENT, State.DONE])
def test_a_relay_that_works_through_a_backlog_is_not_reported(state):
    overdue()
    sent(state=state, queue="payments", finished_at=timezone.now())
    assert not reported()


def test_rows_of_a_queue_that_does_not_exist_are_not_reported():
    Message.objects.filter(pk=overdue().pk).update(queue="removed")
    assert not reported()
