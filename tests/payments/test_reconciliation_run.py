"""The periodic reconciliation in slices: page by page, what is new since the last run, everything once a day."""

import uuid
from datetime import datetime, timedelta
from typing import Any

import pytest
import time_machine
from celery.exceptions import SoftTimeLimitExceeded
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from messaging import scheduler
from messaging.models import Circuit, Cursor, Message, State
from messaging.worker import slices
from payments.gateways import ChargeRecord, RecordPage, simulated
from payments.gateways.simulated import SimulatedGateway
from payments.models import GatewayCharge, Payment, PaymentStatus
from payments.payloads import Reconcile
from tests.delivery import claim_task, deliver, deliver_due
from tests.factories import place
from tests.payments.outcomes import charged

pytestmark = pytest.mark.django_db(transaction=True)
TASK, COMPARE = Reconcile.task, "payments.compare_payment"


@pytest.fixture
def pages(monkeypatch: pytest.MonkeyPatch) -> list[datetime]:
    """Pages of two records. Returns what each request for one asked for: charges since when."""
    asked: list[datetime] = []
    records = SimulatedGateway.records

    def noted(self: SimulatedGateway, *, since: datetime, page: str = "") -> RecordPage:
        asked.append(since)
        return records(self, since=since, page=page)

    monkeypatch.setattr(simulated, "PAGE_SIZE", 2)
    monkeypatch.setattr(SimulatedGateway, "records", noted)
    return asked


def paid(count: int) -> list[Payment]:
    """Captured payments that agree with the gateway's record."""
    order = place()
    Message.objects.filter(subject=order.number).delete()
    order.payments.all().delete()
    now = timezone.now()
    payments = []
    for n in range(count):
        fields = {"amount": order.total, "currency": order.currency, "method": "pm_card_visa"}
        payment = Payment(
            order=order,
            status=PaymentStatus.CAPTURED,
            captured_at=now - timedelta(seconds=60 - n * 0.001),
            **fields,
        )
        payment.gateway_reference = f"ch_{payment.pk.hex}"
        GatewayCharge.objects.create(idempotency_key=str(payment.pk), reference=payment.gateway_reference, **fields)
        payments.append(payment)
    return Payment.objects.bulk_create(payments)


def reconcile() -> list[Message]:
    """One tick and its slices, without the comparisons that they enqueue."""
    scheduler.tick(TASK)
    runs = []
    while Message.objects.filter(task=TASK, state=State.PENDING).exists():
        runs.append(claim_task(task=TASK))
        deliver(runs[-1])
    return runs


def compared() -> set[str]:
    return {message.payload["payment_id"] for message in Message.objects.filter(task=COMPARE)}


@pytest.mark.usefixtures("one_step_slices")
def test_many_pages_are_read_by_a_chain_of_slices(pages: list[datetime]):
    payments = paid(5)
    GatewayCharge.objects.filter(idempotency_key=str(payments[4].pk)).update(amount=1)
    runs = reconcile()
    assert len(pages) == 3
    assert len(runs) == 5  # three pages, the payments, and nothing left
    assert {run.state for run in Message.objects.filter(task=TASK)} == {State.DONE}
    assert compared() == {str(payments[4].pk)}


def test_payments_are_looked_at_in_bounded_batches(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(slices, "ROWS", 2)
    payments = paid(5)
    lost = payments[3]
    GatewayCharge.objects.filter(idempotency_key=str(lost.pk)).delete()
    with CaptureQueriesContext(connection) as statements:
        reconcile()
    looks = [query["sql"] for query in statements.captured_queries if '"captured_at" <' in query["sql"]]
    assert [look.partition("LIMIT")[2].strip() for look in looks if '"captured_at" = ' not in look] == ["2"] * 4
    assert compared() == {str(lost.pk)}
    assert Payment.objects.filter(confirmed_at=None).get() == lost


def test_a_run_begins_where_the_last_one_began_and_once_a_day_with_all(pages: list[datetime], settings: Any):
    settings.PAYMENT_RECONCILE_DAYS = 3
    began = timezone.now()
    reconcile()
    assert pages[-1] < began - timedelta(days=2)
    reconcile()
    assert began - timedelta(hours=1) < pages[-1] < began
    with time_machine.travel(began + timedelta(days=1, minutes=1)):
        reconcile()
        assert pages[-1] < timezone.now() - timedelta(days=2)


def test_a_run_begins_where_the_last_one_began_however_long_ago_that_was(pages: list[datetime], settings: Any):
    """As after a restored backup, or days without beat: a charge of that time is in no other run."""
    settings.PAYMENT_RECONCILE_DAYS = 3
    began = timezone.now()
    reconcile()
    with time_machine.travel(began + timedelta(days=10)):
        reconcile()
        assert pages[-1] < began
        reconcile()
        assert pages[-1] > timezone.now() - timedelta(hours=1)


def test_a_charge_that_vanished_later_is_found_by_the_daily_run():
    payment = paid(1)[0]
    reconcile()
    GatewayCharge.objects.all().delete()
    reconcile()
    assert compared() == set()
    with time_machine.travel(timezone.now() + timedelta(days=1, minutes=1)):
        reconcile()
    assert compared() == {str(payment.pk)}


def test_a_run_that_was_interrupted_is_repeated_from_its_beginning(
    pages: list[datetime], monkeypatch: pytest.MonkeyPatch
):
    def bug(self: SimulatedGateway, **kwargs: Any) -> RecordPage:
        raise RuntimeError

    with monkeypatch.context() as patch:
        patch.setattr(SimulatedGateway, "records", bug)
        reconcile()
    assert Message.objects.get(task=TASK).state == State.DEAD
    assert not Cursor.objects.filter(pk=TASK).exists()
    reconcile()
    assert Cursor.objects.filter(pk=TASK).exists()


def test_a_record_that_cannot_be_counted_is_compared_alone(monkeypatch: pytest.MonkeyPatch):
    payments, foreign = paid(3), str(uuid.uuid4())
    odd, differing = str(payments[0].pk), str(payments[2].pk)
    GatewayCharge.objects.filter(idempotency_key=differing).update(amount=1)
    records = SimulatedGateway.records

    def one_is_odd(self: SimulatedGateway, *, since: datetime, page: str = "") -> RecordPage:
        found = records(self, since=since, page=page)
        return RecordPage(found.records | {odd: None, foreign: None}, found.next)

    monkeypatch.setattr(SimulatedGateway, "records", one_is_odd)
    reconcile()
    reconcile()
    assert sorted(message.payload["payment_id"] for message in Message.objects.filter(task=COMPARE)) == sorted(
        [odd, differing, foreign]
    )
    assert not Message.objects.filter(task=COMPARE, subject="").exists()
    assert Payment.objects.get(pk=payments[1].pk).confirmed_at


def test_an_unknown_charge_is_reported_once():
    """A charge under a key that cannot be a payment's is only logged."""
    for key in ("stranger", "0b6a2c1e-7f0e-4a51-9a77-0a8f6a3a4f10"):
        charged(idempotency_key=key, amount=1, currency="EUR", method="pm_card_visa")
    reconcile()
    reconcile()
    assert Message.objects.filter(task=COMPARE).count() == 1
    deliver_due()
    assert Message.objects.get(task=COMPARE).state == State.DEAD


def test_a_time_limit_is_no_outage_of_the_gateway(monkeypatch: pytest.MonkeyPatch, settings: Any):
    settings.CONVEYOR_CIRCUIT_FAILURES = 1

    def too_long(self: SimulatedGateway, **kwargs: Any) -> ChargeRecord:
        raise SoftTimeLimitExceeded

    monkeypatch.setattr(SimulatedGateway, "records", too_long)
    runs = reconcile()
    assert len(runs) == settings.CONVEYOR_RETRY_MAX_ATTEMPTS
    run = Message.objects.get(task=TASK)
    assert (run.state, run.error_type) == (State.DEAD, "billiard.exceptions.SoftTimeLimitExceeded")
    assert not Circuit.objects.filter(opened_at__isnull=False).exists()


def test_a_message_of_an_earlier_release_begins_a_run(pages: list[datetime]):
    scheduler.tick(TASK)
    Message.objects.update(payload={}, schema_version=1)
    assert deliver(claim_task(task=TASK)) == State.DONE
    assert len(pages) == 1


def test_payments_captured_at_the_same_moment_are_all_looked_at(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(slices, "ROWS", 2)
    payments = paid(5)
    Payment.objects.update(captured_at=payments[0].captured_at)
    GatewayCharge.objects.all().delete()
    reconcile()
    assert compared() == {str(payment.pk) for payment in payments}
