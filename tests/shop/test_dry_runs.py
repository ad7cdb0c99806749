"""Dry runs of an order's dead messages: no request reaches gateway, carrier or mail server."""

import pytest
from django.core import mail

from messaging.models import Attempt, Message, State
from messaging.operations import actions
from messaging.operations.dry_runs.report import sentence_of
from messaging.operations.dry_runs.run import DryRun, Verdict
from messaging.operations.permissions import Actor
from orders.models import EmailDelivery, Order, Status
from payments import services
from payments.gateways import with_circuit_breaker as gateway
from payments.models import GatewayCall
from shipping.carriers import with_circuit_breaker as carrier
from shipping.models import CarrierCall, CarrierParcel
from tests.delivery import deliver_all, deliver_due
from tests.factories import place

pytestmark = pytest.mark.django_db(transaction=True)
CHARGE, BOOK, EMAIL = "payments.charge_payment", "shipping.create_shipment", "orders.send_email"


def dry_run(task: str) -> DryRun:
    return actions.dry_run(message=Message.objects.get(task=task, state=State.DEAD), actor=Actor.system("ann"))


def rows() -> tuple[int, ...]:
    models = (Message, Attempt, GatewayCall, CarrierCall, CarrierParcel, EmailDelivery)
    return tuple(model._default_manager.count() for model in models)


def bug(**kwargs):
    raise RuntimeError("a bug of this release")


def test_a_bug_that_is_fixed_would_pass_with_the_gateways_recorded_answer(monkeypatch):
    order = place()
    with monkeypatch.context() as patched:
        patched.setattr(services, "record_outcome", bug)
        deliver_due()
    before = rows()
    result = dry_run(CHARGE)
    assert result.verdict is Verdict.COMPLETES, result
    assert {message.task for message in result.enqueued} == {BOOK, EMAIL}
    assert rows() == before
    assert Order.objects.get(pk=order.pk).status == Status.PLACED


def test_a_bug_that_is_not_fixed_would_fail_again(monkeypatch):
    place()
    monkeypatch.setattr(services, "record_outcome", bug)
    deliver_due()
    result = dry_run(CHARGE)
    assert (result.verdict, result.error_type) == (Verdict.FAILS, "RuntimeError")
    assert "record_outcome" in result.traceback


def test_a_gateway_that_never_answered_still_does_not():
    place(payment_method="pm_outage")
    deliver_all()
    attempt = Attempt.objects.filter(message__task=CHARGE).last()
    assert [call["operation"] for call in attempt.exchanges] == ["fetch", "authorise"]
    assert "pm_outage" not in str(attempt.exchanges), "a payment method stands for a card"
    before = rows()
    result = dry_run(CHARGE)
    assert (result.verdict, result.error_type.rpartition(".")[2]) == (Verdict.FAILS, "GatewayUnavailable")
    assert rows() == before


def test_a_bug_inside_the_gateways_client_is_no_answer_and_is_named():
    place(payment_method="pm_bug")
    deliver_due()
    result = dry_run(CHARGE)
    assert (result.verdict, result.needs) == (Verdict.UNANSWERED, ("gateway.simulated", "authorise"))
    assert "whose answer was not kept (RuntimeError)" in sentence_of(result)


def test_a_rejected_address_is_rejected_again_and_a_corrected_one_is_a_new_question():
    order = place(city="Rejectford")
    deliver_due()
    (call,) = Attempt.objects.get(message__task=BOOK).exchanges
    assert call["error"] == "AddressRejected"
    assert call["request"]["consignment"].startswith("sha256:")
    assert "Rejectford" not in str(call)
    result = dry_run(BOOK)
    assert (result.verdict, result.error_type.rpartition(".")[2]) == (Verdict.FAILS, "AddressRejected")
    Order.objects.filter(pk=order.pk).update(city="Bern")
    result = dry_run(BOOK)
    assert (result.verdict, result.needs[1]) == (Verdict.UNANSWERED, "book")
    assert not CarrierParcel.objects.exists()


@pytest.mark.parametrize("kind", [*gateway._ERRORS, *carrier._ERRORS])
def test_an_outside_systems_error_can_be_created_from_its_arguments(kind):
    error = kind("some_code")
    again = kind(*error.args)
    assert (str(again), vars(again)) == (str(error), vars(error))


def test_a_decline_is_repeated_with_its_code(monkeypatch):
    place(payment_method="pm_card_declined")
    with monkeypatch.context() as patched:
        patched.setattr(services, "record_decline", bug)
        deliver_due()
    codes: list[str] = []
    record_decline = services.record_decline

    def record(*, payment, code):
        codes.append(code)
        record_decline(payment=payment, code=code)

    monkeypatch.setattr(services, "record_decline", record)
    assert dry_run(CHARGE).verdict is Verdict.COMPLETES
    assert codes == ["card_declined"]


def test_an_email_is_withheld(settings):
    place()
    deliver_due()
    mail.outbox.clear()
    settings.EMAIL_BACKEND = "tests.shop.test_dry_runs.NoServer"
    order = place()
    deliver_all()
    message = Message.objects.filter(task=EMAIL, state=State.DEAD, subject=order.number).first()
    settings.EMAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"
    before = rows()
    result = actions.dry_run(message=message, actor=Actor.system("ann"))
    assert result.verdict is Verdict.COMPLETES, result
    (withheld,) = result.withheld
    assert order.number in withheld
    assert not mail.outbox
    assert rows() == before


class NoServer:
    def __init__(self, *args, **kwargs):
        self.connection = None

    def open(self):
        raise ConnectionRefusedError("no mail server")

    def close(self):
        """Nothing is open."""
