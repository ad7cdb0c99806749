"""Next steps: every error that a task can end with says what it means, what to do, and which button does it."""

import ast
import importlib
import inspect
from collections.abc import Iterator

import pytest
from celery import current_app

from messaging.hooks import next_steps
from messaging.hooks.next_steps import APP_ACTIONS, recorded_name, step_for
from messaging.worker.task import ReliableTask
from tests.house.test_house import modules, parsed
from tests.messaging import deliver  # noqa: F401 - loads all tasks

APPS = ("messaging", "orders", "payments", "shipping")
DESK = "messaging.operations"
DESKS_OWN = {"retry", "edit", "discard", "open_group", "open_subject", "none"}
#: Errors that do not make a message fail, and why.
NOT_RECORDED = {
    "messaging.broker.database.TransactionPooling": "refuses a database at start",
    "messaging.broker.tolerance.Unreadable": "becomes Refused",
    "messaging.circuit_breaker.CircuitOpen": "defers the message",
    "orders.amounts.typed.AmountError": "refused beside its field",
    "messaging.outbox.OutsideTransaction": "a programming error, found by the first test",
    "messaging.relay.publish.BatchRefused": "the relay sends each message of the batch alone",
    "messaging.topology.UnroutableKey": "a programming error, found when the payload is first enqueued",
    "messaging.worker.admission.Refused": "recorded as UndecodableMessage",
    "messaging.worker.task.AlreadySettled": "a duplicate delivery",
    "messaging.worker.task.Deferred": "defers the message",
    "messaging.worker.task.UseOutbox": "a programming error, found by the first test",
    "orders.pdf.merge.NotPdf": "becomes CannotPrint",
    "orders.webhook_events.EventNotUnderstood": "recorded by its short name",
    "orders.webhook_events.NotAuthentic": "answers a webhook request",
    "payments.gateways.base.AmountRefused": "answers a checkout",
    "payments.errors.RefundUnderWay": "answers an operator",
    "payments.errors.RefundDisputed": "answers an operator",
    "payments.errors.RequestReused": "answers an operator",
    "payments.errors.NotLost": "answers an operator",
    "shipping.carriers.base.NotFromCarrier": "answers a webhook request",
    "shipping.delivery_problems.AddressChanged": "answers an operator",
    "shipping.delivery_problems.BookingInProgress": "answers an operator",
    "shipping.documents.store.CannotPrint": "answers an operator",
}


def named_by_tasks() -> Iterator[type[BaseException]]:
    """Errors in the options of tasks. `Exception` names none in particular."""
    for task in current_app.tasks.values():
        if isinstance(task, ReliableTask) and not task.name.startswith("tests."):
            yield from (*getattr(task, "autoretry_for", ()), *(task.throws or ()))


def defined() -> Iterator[type[BaseException]]:
    """Errors defined in the apps, those of the desk aside."""
    for path in modules(*APPS):
        name = ".".join(path.with_suffix("").parts).removesuffix(".__init__")
        if any(isinstance(node, ast.ClassDef) for node in parsed(path).body) and not name.startswith(DESK):
            found = inspect.getmembers(importlib.import_module(name), inspect.isclass)
            yield from (kind for _, kind in found if issubclass(kind, BaseException) and kind.__module__ == name)


def without_exception() -> Iterator[str]:
    """Names of failures that have no exception: first or second argument of the functions that record them."""
    for path in modules(*APPS):
        for node in ast.walk(parsed(path)):
            if isinstance(node, ast.Call) and ast.unparse(node.func).endswith(("synthetic_failure", "bury")):
                found = (a.value for a in node.args[:2] if isinstance(a, ast.Constant))
                yield from (name for name in found if isinstance(name, str) and name.isidentifier())
            if isinstance(node, ast.FunctionDef) and node.name == "_cause":
                returned = (each.value for each in ast.walk(node) if isinstance(each, ast.Return))
                yield from (value.elts[0].value for value in returned if isinstance(value, ast.Tuple))  # type: ignore[attr-defined]


def test_every_error_that_a_task_names_has_a_next_step():
    named = set(named_by_tasks()) - {Exception}
    assert len(named) > 5
    assert {recorded_name(kind) for kind in named if step_for(recorded_name(kind)) is None} == set()


def test_every_error_of_the_apps_has_a_next_step_or_is_never_recorded():
    kinds = {recorded_name(kind) for kind in defined()}
    assert len(kinds) > 25
    assert {name for name in kinds if step_for(name) is None} == NOT_RECORDED.keys() & kinds
    assert NOT_RECORDED.keys() <= kinds


def test_every_failure_without_an_exception_has_a_next_step():
    names = set(without_exception())
    assert {"WorkerLost", "UnknownTask", "UndecodableMessage", "NoSuchQueue", "CannotPublish", "Revoked"} <= names
    assert {name for name in names if step_for(name) is None} == set()


@pytest.mark.parametrize(
    "name",
    [
        "billiard.exceptions.TimeLimitExceeded", "billiard.exceptions.SoftTimeLimitExceeded", "EventNotUnderstood",
        "ConnectionRefusedError", "django.db.utils.OperationalError", "smtplib.SMTPRecipientsRefused",
        "celery.exceptions.MaxRetriesExceededError", "payments.gateways.base.OutcomeUnknown",
    ],
)  # fmt: skip
def test_errors_of_libraries_and_subclasses_have_one(name):
    assert step_for(name) is not None


def test_the_nearest_class_decides():
    assert step_for("payments.gateways.base.GatewayUnavailable").action == "retry"
    assert step_for("payments.gateways.base.KeyRefused").action == "open_group"


def test_every_step_says_something_and_its_action_has_a_button():
    for step in next_steps._STEPS.values():
        assert str(step.meaning).endswith(".")
        assert str(step.advice).endswith(".")
        assert step.action in DESKS_OWN | APP_ACTIONS.keys()


def test_no_step_claims_how_often_something_was_tried():
    for step in (*next_steps._STEPS.values(), next_steps.UNEXPECTED):
        assert "exhausted" not in step.text
        assert "did not seem" not in step.text
