"""Dry run: the present code against a dead message, without any effect."""

import time
from contextlib import nullcontext, suppress
from typing import Any

import pytest
from django.db import transaction
from django.utils import translation

from messaging import outbox
from messaging.models import Attempt, Message, QueuePause, State
from messaging.operations.dry_runs.run import CannotDryRun, Verdict, dry_run
from messaging.recording import outside
from tests.messaging.deliver import deliver
from tests.messaging.samples import Bug, Sample, TemporaryError, behaviour
from tests.messaging.worker.helpers import enqueue, fail

pytestmark = pytest.mark.django_db(transaction=True)


class Printer:
    def __init__(self, answer="page 1"):
        self.answer, self.asked = answer, 0

    def print_page(self, *, page: int) -> str:
        self.asked += 1
        return self.answer


def ask(printer, page=1):
    return outside.call(printer.print_page, {"page": page}, system="printer", guard=nullcontext(), errors=())


def died(act=None, error=None) -> Message:
    """A message that died of its task, which did `act` before."""

    def run(task, payload):
        if act:
            act(task, payload)
        raise error or Bug("broken")

    behaviour["one"] = run
    message = deliver(enqueue("one"))
    assert message.state == State.DEAD
    return message


def everything() -> tuple[list[Any], int, int]:
    return list(Message.objects.order_by("pk").values()), Attempt.objects.count(), QueuePause.objects.count()


def effects(task, payload):
    """All that a task may do: write, enqueue, register a hook."""
    with task.complete():
        QueuePause.objects.create(queue="maintenance", paused_by="ann", reason="")
        outbox.enqueue(Sample(text="next"), subject="CV-9")


def test_what_would_complete_leaves_no_trace():
    message = died()
    behaviour["one"] = effects
    before = everything()
    result = dry_run(message)
    assert result.verdict is Verdict.COMPLETES
    assert [(new.task, new.subject, new.payload) for new in result.enqueued] == [
        ("tests.sample", "CV-9", {"text": "next"})
    ]
    assert everything() == before


def test_effects_that_a_task_commits_itself_are_rolled_back():
    message = died()

    def commit_first(task, payload):
        with transaction.atomic():
            QueuePause.objects.create(queue="maintenance", paused_by="ann", reason="")
        with task.complete():
            pass

    behaviour["one"] = commit_first
    assert dry_run(message).verdict is Verdict.COMPLETES
    assert not QueuePause.objects.exists()


def test_hooks_of_the_commit_do_not_run():
    message, ran = died(), []

    def hook(task, payload):
        with task.complete():
            transaction.on_commit(lambda: ran.append("hook"))

    behaviour["one"] = hook
    assert dry_run(message).verdict is Verdict.COMPLETES
    with transaction.atomic():
        pass
    assert not ran


def test_what_a_task_leaves_in_its_context_is_dropped():
    """A time limit may cut it off between entering a context and leaving it."""
    message = died()

    def speak_german_and_linger(task, payload):
        translation.activate("de")
        outbox.transaction().__enter__()
        raise Bug("cut off")

    behaviour["one"] = speak_german_and_linger
    assert dry_run(message).verdict is Verdict.FAILS
    assert translation.get_language() == "en"
    assert outbox._unit.get() is None
    enqueue("two")
    assert Message.objects.count() == 2


@pytest.mark.parametrize("error", [Bug("still broken"), TemporaryError("still away"), SystemExit("the end")])
def test_what_would_fail_is_told_with_its_traceback(error):
    message = died()
    behaviour["one"] = fail(error)
    before = everything()
    result = dry_run(message)
    assert result.verdict is Verdict.FAILS
    assert (result.error_type.rpartition(".")[2], result.error_message) == (type(error).__name__, str(error))
    assert "raise error" in result.traceback
    assert everything() == before


def test_a_payload_that_does_not_fit_fails():
    message = died()
    Message.objects.filter(pk=message.pk).update(payload={"wrong": 1})
    message.refresh_from_db()
    assert dry_run(message).error_type.endswith("PayloadInvalid")


def test_a_task_that_never_completes_fails():
    message = died()
    behaviour["one"] = lambda task, payload: None
    assert dry_run(message).error_type.endswith("NeverCompleted")


def test_a_broken_transaction_fails_and_the_connection_still_works():
    message = died()

    def break_it(task, payload):
        with task.complete():
            Message.objects.create(pk=message.pk, task="x", queue="x", correlation_id=message.pk)

    behaviour["one"] = break_it
    assert dry_run(message).error_type.endswith("IntegrityError")
    assert Message.objects.filter(pk=message.pk, state=State.DEAD).exists()


def test_systems_outside_give_their_recorded_answers():
    printer, seen = Printer(), []
    message = died(lambda task, payload: ask(printer))

    def use_answer(task, payload):
        seen.append(ask(printer))
        with task.complete():
            pass

    behaviour["one"] = use_answer
    assert dry_run(message).verdict is Verdict.COMPLETES
    assert (seen, printer.asked) == (["page 1"], 1)


def test_a_call_without_a_recorded_answer_ends_the_run():
    printer = Printer()
    message = died(lambda task, payload: ask(printer))

    def ask_more(task, payload):
        try:
            ask(printer, page=2)
        except Exception:
            pytest.fail("a task must not catch it")

    behaviour["one"] = ask_more
    result = dry_run(message)
    assert (result.verdict, result.needs) == (Verdict.UNANSWERED, ("printer", "print_page"))
    assert printer.asked == 1


def test_what_has_no_answer_is_withheld_and_listed():
    message, sent = died(), []

    def send(task, payload):
        if not outside.withholds("e-mail: your order"):
            sent.append("e-mail")
        with task.complete():
            pass

    behaviour["one"] = send
    assert dry_run(message).withheld == ["e-mail: your order"]
    assert not sent
    assert not outside.withholds("outside a dry run")


@pytest.mark.parametrize("nap", ["asleep", "busy", "stubborn"])
def test_it_has_a_time_limit(nap):
    """Python code is interrupted even where it catches every exception."""
    message = died()

    def linger(task, payload):
        QueuePause.objects.create(queue="maintenance", paused_by="ann", reason="")
        until = time.monotonic() + 20
        while time.monotonic() < until:
            if nap == "asleep":
                time.sleep(0.01)
            elif nap == "stubborn":
                with suppress(Exception):
                    time.sleep(0.01)

    behaviour["one"] = linger
    began = time.monotonic()
    assert dry_run(message, seconds=0.3).verdict is Verdict.TOO_LONG
    assert time.monotonic() - began < 10
    assert not QueuePause.objects.exists()
    time.sleep(0.05)  # nothing is raised late
    behaviour["one"] = effects
    assert dry_run(message).verdict is Verdict.COMPLETES


def test_it_repeats_the_last_attempt_not_a_retry_of_it():
    seen = []

    def look(task, payload):
        seen.append((task.may_overlap, task.request.retries, task.sends))

    message = died(look)

    def look_and_complete(task, payload):
        look(task, payload)
        with task.complete():
            pass

    behaviour["one"] = look_and_complete
    assert dry_run(message).verdict is Verdict.COMPLETES
    assert seen == [(False, 0, 1)] * 2


@pytest.mark.parametrize("change", [{"state": State.PENDING}, {"task": "gone.away"}])
def test_what_cannot_be_run_is_refused(change):
    message = died()
    Message.objects.filter(pk=message.pk).update(**change)
    message.refresh_from_db()
    with pytest.raises(CannotDryRun):
        dry_run(message)


def test_a_ledger_that_is_bypassed_cannot_hold_messages_back(settings):
    message = died()
    settings.CONVEYOR_PUBLISH = "naive"
    with pytest.raises(CannotDryRun, match="CONVEYOR_PUBLISH"):
        dry_run(message)
