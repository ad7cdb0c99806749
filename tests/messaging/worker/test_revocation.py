"""Revocation and hard time limits: settled in the ledger before the delivery is acknowledged, else given back."""

import uuid
from types import SimpleNamespace

import pytest
from billiard.exceptions import TimeLimitExceeded, WorkerLostError
from celery import current_app
from celery.worker import state as worker_state
from celery.worker.request import create_request_cls
from django.db import OperationalError, transaction
from kombu import Message as Delivery

from messaging import transitions
from messaging.models import Message, State
from messaging.relay import protocol
from tests.messaging.deliver import send
from tests.messaging.worker.helpers import enqueue

pytestmark = pytest.mark.django_db(transaction=True)


class Pool:
    def apply_async(self, *arguments, **options) -> None:
        raise AssertionError("a revoked task was started")

    def terminate_job(self, pid, signal=None) -> None:
        self.terminated = pid


class Answers:
    """What the worker answers the broker."""

    def __init__(self) -> None:
        self.given: list[str] = []

    def ack(self, *arguments) -> None:
        self.given.append("ack")

    def reject(self, logger, errors, requeue) -> None:
        self.given.append("requeue" if requeue else "reject")


@pytest.fixture(autouse=True)
def _forget_revocations():
    yield
    worker_state.revoked.clear()


def request_for(message: Message, answers: Answers):
    task, pool = current_app.tasks[message.task], Pool()
    request_class = create_request_cls(task_request(task), task, pool, "worker@test", None, app=current_app)
    body: tuple[tuple[()], dict, dict] = ((), message.payload, {})
    delivery = Delivery(body=body, headers=protocol.headers_of(message), delivery_tag="1")
    return request_class(
        delivery, on_ack=answers.ack, on_reject=answers.reject, app=current_app, hostname="worker@test",
        task=task, body=body, headers=delivery.headers, decoded=True,
    )  # fmt: skip


def task_request(task):
    from celery.utils.imports import symbol_by_name

    return symbol_by_name(task.Request)


def assert_revoked(message: Message, text: str) -> None:
    message.refresh_from_db()
    assert (message.state, message.error_type) == (State.DEAD, "Revoked")
    assert text in message.error_message


def test_a_message_revoked_before_it_starts_is_dead():
    message, answers = send(enqueue()), Answers()
    worker_state.revoked.add(str(message.pk))
    assert request_for(message, answers).revoked()
    assert answers.given == ["ack"]
    assert_revoked(message, "before it started")


def test_a_message_terminated_while_it_runs_is_dead():
    message, answers = send(enqueue()), Answers()
    request = request_for(message, answers)
    request.on_accepted(pid=1, time_accepted=0.0)
    request.terminate(pool := Pool())
    assert pool.terminated == 1
    assert answers.given == ["ack"]
    assert_revoked(message, "while it ran")


def test_an_operators_retry_outlives_the_revocation_that_workers_remember():
    message, answers = send(enqueue()), Answers()
    worker_state.revoked.add(str(message.pk))
    assert request_for(message, Answers()).revoked()
    message.refresh_from_db()
    with transaction.atomic():
        assert transitions.revive(message, intervention=transitions.Intervention(actor="operator", action="retry"))
    assert not request_for(send(message), answers).revoked()
    message.refresh_from_db()
    assert (message.state, answers.given) == (State.SENT, [])


def test_a_revoked_message_that_was_done_stays_done():
    message, answers = send(enqueue()), Answers()
    Message.objects.update(state=State.DONE)
    worker_state.revoked.add(str(message.pk))
    assert request_for(message, answers).revoked()
    message.refresh_from_db()
    assert (message.state, answers.given) == (State.DONE, ["ack"])


def test_a_revoked_stray_is_filed():
    stray = Message(pk=uuid.uuid4(), task="tests.sample", queue="maintenance", payload={"text": "ok"},
                    routing_key="maintenance.sample.low", priority=1, correlation_id=uuid.uuid4())  # fmt: skip
    worker_state.revoked.add(str(stray.pk))
    assert request_for(stray, Answers()).revoked()
    assert_revoked(Message.objects.get(pk=stray.pk), "before it started")


def test_a_revocation_that_cannot_be_recorded_is_given_back(monkeypatch):
    message, answers = send(enqueue()), Answers()
    worker_state.revoked.add(str(message.pk))
    with monkeypatch.context() as patch:
        patch.setattr(transitions, "bury", _unavailable)
        assert request_for(message, answers).revoked()
    message.refresh_from_db()
    assert (message.state, answers.given) == (State.SENT, ["reject"])


@pytest.mark.parametrize("is_failure_first", [True, False])
@pytest.mark.parametrize("is_available", [True, False])
def test_a_hard_time_limit_never_raises_and_is_answered_once_and_not_by_another_delivery(
    is_available, is_failure_first, monkeypatch
):
    """The pool reports it as a failure, which Celery would requeue, and then as a time limit."""
    message, answers = send(enqueue()), Answers()
    with monkeypatch.context() as patch:
        if not is_available:
            patch.setattr(transitions, "reschedule", _unavailable)
        request = request_for(message, answers)
        if is_failure_first:
            request.on_failure(SimpleNamespace(exception=TimeLimitExceeded(3), traceback=""))
        request.on_timeout(False, 3)
    message.refresh_from_db()
    expected = (State.PENDING, 1) if is_available else (State.SENT, 0)
    assert ((message.state, message.attempts), answers.given) == (expected, ["reject"])


def _unavailable(**arguments):
    raise OperationalError("the database system is starting up")


def test_a_message_whose_pool_process_was_killed_is_delivered_again():
    """The next delivery says that it is one, and spends the attempt."""
    message, answers = send(enqueue()), Answers()
    info = SimpleNamespace(exception=WorkerLostError("signal 9 (SIGKILL)"), traceback="")
    request_for(message, answers).on_failure(info, return_ok=True)
    message.refresh_from_db()
    assert (message.state, message.attempts, answers.given) == (State.SENT, 0, ["requeue"])


def test_a_task_that_runs_out_of_memory_ends_its_delivery_and_keeps_the_worker():
    """Celery raises the error in the worker's main process, and the delivery would stay unacknowledged."""
    message, answers = send(enqueue()), Answers()
    info = SimpleNamespace(exception=MemoryError("a large payload"), traceback="")
    request_for(message, answers).on_failure(info, return_ok=True)
    assert answers.given == ["reject"]
