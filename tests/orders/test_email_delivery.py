"""At-most-once e-mail delivery: duplicate deliveries, killed workers, refusals and unknown outcomes."""

import smtplib
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.core import mail
from django.core.mail.backends.locmem import EmailBackend
from django.utils import timezone

from messaging import clock
from messaging.models import Message, State
from messaging.operations.actions import discard, retry
from messaging.operations.permissions import Actor
from orders.emails.delivery import longest_run
from orders.models import EmailDelivery
from tests.auditing import broken
from tests.clocks import travel
from tests.delivery import claim_task, deliver
from tests.factories import place_and_acknowledge
from tests.races import at_once

pytestmark = pytest.mark.django_db(transaction=True)
UNKNOWN = "orders.emails.delivery.EmailOutcomeUnknown"
INVARIANT = "every e-mail with an unknown outcome has a message that operators see"


class Killed(BaseException):
    """Ends a run like a kill: no `except Exception` gets to handle it."""


class ScriptedServer(EmailBackend):
    """A mail server that runs the test's hooks before and after accepting an e-mail, and on closing."""

    before: Callable[[], object] | None = None
    after: Callable[[], object] | None = None
    on_close: Callable[[], object] | None = None

    def send_messages(self, messages: Any) -> int:
        if ScriptedServer.before:
            ScriptedServer.before()
        count = super().send_messages(messages)
        if ScriptedServer.after:
            ScriptedServer.after()
        return count

    def close(self) -> None:
        if ScriptedServer.on_close:
            ScriptedServer.on_close()


@pytest.fixture(autouse=True)
def server(settings: Any) -> Iterator[type[ScriptedServer]]:
    settings.EMAIL_BACKEND = f"{__name__}.ScriptedServer"
    yield ScriptedServer
    ScriptedServer.before = ScriptedServer.after = ScriptedServer.on_close = None


def failing(error: BaseException) -> Callable[[], object]:
    def fail() -> None:
        raise error

    return fail


def sent_count(subject: str) -> int:
    """How many e-mails have `subject` in their subject."""
    return len([email for email in mail.outbox if subject in email.subject])


def killed_while_sending(server: type[ScriptedServer]) -> Message:
    """A message whose worker was killed after the server accepted its e-mail, before anything was committed."""
    place_and_acknowledge()
    message = claim_task(task="orders.send_email")
    server.after = failing(Killed())
    with pytest.raises(Killed):
        deliver(message)
    server.after = None
    return message


def later(seconds: float = 1.0) -> Any:
    """A time at which no run can still be working."""
    return travel(timezone.now() + longest_run() + timedelta(seconds=seconds), tick=False)


def test_two_deliveries_of_one_message_send_one_email():
    place_and_acknowledge()
    message = claim_task(task="orders.send_email")
    assert [deliver(message), deliver(message, redelivered=True)] == [State.DONE, State.DONE]
    assert len(mail.outbox) == 1
    assert EmailDelivery.objects.get().state == "sent"


def test_a_message_redelivered_after_its_email_was_sent_only_completes():
    place_and_acknowledge()
    message = claim_task(task="orders.send_email")
    deliver(message)
    Message.objects.filter(pk=message.pk).update(state=State.SENT)
    assert deliver(message, redelivered=True) == State.DONE
    assert len(mail.outbox) == 1


def test_a_redelivered_message_is_claimed_by_the_databases_clock(server, monkeypatch):
    """A host whose clock is ahead would keep the e-mail from being sent until then."""
    place_and_acknowledge()
    message, now = claim_task(task="orders.send_email"), timezone.now() - timedelta(hours=1)
    monkeypatch.setattr(clock, "moment", lambda: now)
    server.after = failing(Killed())
    with pytest.raises(Killed):
        deliver(message, redelivered=True)
    assert EmailDelivery.objects.get().claimed_at == now


def test_a_worker_killed_while_sending_leaves_a_dead_message_and_sends_nothing_twice(server):
    message = killed_while_sending(server)
    with later():
        assert deliver(message, redelivered=True) == State.DEAD
    assert len(mail.outbox) == 1
    assert message.error_type == UNKNOWN
    assert "not known whether this e-mail was sent" in message.error_message
    assert broken().get(INVARIANT) is None


def test_an_operators_retry_sends_it_again_at_most_once(server):
    message = killed_while_sending(server)
    with later():
        deliver(message, redelivered=True)
    retry(ids=[message.pk], actor=Actor.system("ann"))
    again = claim_task(task="orders.send_email")
    assert deliver(again) == State.DONE
    assert len(mail.outbox) == 2
    Message.objects.filter(pk=message.pk).update(state=State.SENT)
    assert deliver(again, redelivered=True) == State.DONE
    assert len(mail.outbox) == 2


def test_a_discarded_message_settles_the_unknown_outcome(server):
    message = killed_while_sending(server)
    with later():
        deliver(message, redelivered=True)
        discard(ids=[message.pk], actor=Actor.system("ann"), reason="The customer has it.")
        assert INVARIANT not in broken()


def test_a_concurrent_run_waits_until_the_first_must_have_finished(server):
    message = killed_while_sending(server)
    assert deliver(message, redelivered=True) == State.PENDING
    wait = message.available_at - timezone.now()
    assert timedelta(0) < wait <= longest_run()
    with later():
        message = claim_task(task="orders.send_email")
        deliver(message)
    assert (message.state, message.error_type) == (State.DEAD, UNKNOWN)
    assert sent_count("Your order") == 1


def test_a_slow_first_run_counts_although_a_second_run_started_meanwhile(server):
    place_and_acknowledge()
    message = claim_task(task="orders.send_email")
    server.after = lambda: at_once(lambda: deliver(Message.objects.get(pk=message.pk), redelivered=True))
    assert deliver(message) == State.DONE
    assert EmailDelivery.objects.get().state == "sent"
    assert len(mail.outbox) == 1


@pytest.mark.parametrize(
    "refusal",
    [
        smtplib.SMTPDataError(451, b"greylisted, come again"),
        smtplib.SMTPRecipientsRefused({"ada@example.com": (450, b"busy")}),
        smtplib.SMTPSenderRefused(421, b"too many", "shop@conveyor.example"),
    ],
)
def test_an_email_that_the_server_refused_is_retried(server, refusal):
    place_and_acknowledge()
    message = claim_task(task="orders.send_email")
    server.before = failing(refusal)
    assert deliver(message) == State.PENDING
    assert not EmailDelivery.objects.exists()
    server.before = None
    assert deliver(claim_task(task="orders.send_email")) == State.DONE
    assert sent_count("Your order") == 1


def test_a_connection_lost_while_sending_is_an_unknown_outcome_and_dead_at_once(server):
    place_and_acknowledge()
    message = claim_task(task="orders.send_email")
    server.after = failing(smtplib.SMTPServerDisconnected("gone"))
    assert deliver(message) == State.DEAD
    assert message.error_type == UNKNOWN
    assert "SMTPServerDisconnected" in message.attempt_set.get().traceback


def test_an_email_counts_as_sent_although_closing_the_connection_fails(server):
    place_and_acknowledge()
    message = claim_task(task="orders.send_email")
    server.on_close = failing(smtplib.SMTPServerDisconnected("gone"))
    assert deliver(message) == State.DONE
    assert len(mail.outbox) == 1


def test_the_audit_reports_an_unknown_outcome_without_a_message(server):
    message = killed_while_sending(server)
    Message.objects.filter(pk=message.pk).update(state=State.DONE)
    assert INVARIANT not in broken()
    with later():
        assert str(message.pk) in broken()[INVARIANT]


def test_a_retried_stray_that_is_killed_while_sending_sends_nothing_twice(server):
    """It died without having been sent from the ledger, so its first delivery there is after a retry."""
    place_and_acknowledge()
    message = Message.objects.get(task="orders.send_email")
    Message.objects.filter(pk=message.pk).update(state=State.DEAD, attempts=1, finished_at=timezone.now())
    retry(ids=[message.pk], actor=Actor.system("ann"))
    message = claim_task(task="orders.send_email")
    server.after = failing(Killed())
    with pytest.raises(Killed):
        deliver(message)
    server.after = None
    deliver(message, redelivered=True)
    assert len(mail.outbox) == 1
    assert EmailDelivery.objects.get().replayed_from == 1


def test_a_claim_on_an_email_that_is_no_longer_wanted_is_dropped(server):
    """The worker was killed while it sent "order received"; the payment was decided before anybody looked again."""
    message = killed_while_sending(server)
    deliver(claim_task(task="payments.charge_payment"))
    with later():
        assert deliver(message, redelivered=True) == State.DONE
        assert not EmailDelivery.objects.filter(pk=message.pk).exists()
        assert INVARIANT not in broken()
