"""Numbers under concurrency: no gap and none twice, also when transactions roll back."""

import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from datetime import timedelta

import pytest
from django.db import connection, transaction
from django.utils import timezone

from orders.models import Order
from payments.models import Payment
from shop.accounts.retention import purge_expired
from shop.invoices.numbering import next_number, written
from shop.invoices.printing import pdf_of
from shop.invoices.services import issue_invoice, issue_missing_invoices
from shop.models import EarlierInvoice, Invoice, NumberSeries
from tests.delivery import deliver_all
from tests.factories import place
from tests.patience import wait_for
from tests.races import is_waited_for

on_postgresql = pytest.mark.skipif("connection.vendor != 'postgresql'", reason="needs a lock of one row")


class Undone(Exception):
    """Rolls a transaction back."""


@pytest.mark.django_db
def test_a_series_starts_anew_each_year():
    assert [next_number(series="T", year=year) for year in (2030, 2030, 2031, 2030)] == [1, 2, 1, 3]
    assert written(series="", year=2026, sequence=1) == "2026-000001"
    assert written(series="CN", year=2026, sequence=1234567) == "CN-2026-1234567"


@pytest.mark.django_db
def test_the_row_that_the_migration_wrote_keeps_when_records_began():
    """It decides which payments had an invoice without a record."""
    began = timezone.now()
    NumberSeries.objects.update_or_create(series="", year=2026, defaults={"records_since": began, "last": 0})
    assert [next_number(series="", year=2026) for _ in range(2)] == [1, 2]
    assert NumberSeries.objects.get(series="", year=2026).records_since == began


@pytest.mark.django_db(transaction=True)
def test_a_rollback_gives_the_number_back():
    with suppress(Undone), transaction.atomic():
        assert next_number(series="T", year=2030) == 1
        raise Undone
    with transaction.atomic():
        assert next_number(series="T", year=2030) == 1


@on_postgresql
@pytest.mark.django_db(transaction=True)
def test_threads_take_each_number_once_and_leave_no_gap():
    """Every third transaction rolls back after it has taken a number."""
    taken: list[int] = []

    def take(worker: int) -> None:
        try:
            for attempt in range(20):
                with suppress(Undone), transaction.atomic():
                    number = next_number(series="T", year=2031)
                    if (worker + attempt) % 3 == 0:
                        raise Undone
                    taken.append(number)
        finally:
            connection.close()

    threads = [threading.Thread(target=take, args=[worker]) for worker in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(taken) == list(range(1, 81))
    assert NumberSeries.objects.get(series="T", year=2031).last == 80


@on_postgresql
@pytest.mark.parametrize("is_undone", [True, False], ids=["rolled back", "committed"])
@pytest.mark.django_db(transaction=True)
def test_the_second_to_begin_a_series_waits_for_the_first(is_undone):
    with ThreadPoolExecutor(1) as pool, suppress(Undone), transaction.atomic():
        assert next_number(series="T", year=2032) == 1
        second = pool.submit(_take_and_disconnect, year=2032)
        wait_for(is_waited_for, what="a second transaction that waits for the number")
        if is_undone:
            raise Undone
    assert second.result() == (1 if is_undone else 2)


def _take_and_disconnect(*, year: int) -> int:
    try:
        with transaction.atomic():
            return next_number(series="T", year=year)
    finally:
        connection.close()


@on_postgresql
@pytest.mark.django_db(transaction=True)
def test_threads_issue_invoices_with_consecutive_numbers():
    payments = [captured(place()) for _ in range(8)]

    def issue(payment: Payment) -> None:
        try:
            issue_missing_invoices(order=payment.order)
        finally:
            connection.close()

    threads = [threading.Thread(target=issue, args=[payment]) for payment in [*payments, *payments]]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(Invoice.objects.values_list("sequence", flat=True)) == list(range(1, 9))


def captured(order: Order) -> Payment:
    payment = order.payments.select_related("order").get()
    payment.status, payment.captured_at = "captured", timezone.now()
    payment.save()
    return payment


@pytest.mark.django_db
def test_an_invoice_from_before_keeps_its_orders_number_and_its_newest_file(client):
    payment = captured(place())
    NumberSeries.objects.update_or_create(
        series="", year=2026, defaults={"records_since": timezone.now() + timedelta(hours=1)}
    )
    for edition, pdf in (("a", b"%PDF first"), ("b", b"%PDF second")):
        EarlierInvoice.objects.create(order=payment.order, edition=edition, pdf=pdf)
    Order.objects.update(status="paid")
    answer = client.get(f"/orders/{payment.order.public_id}/invoice.pdf")
    assert answer.content == b"%PDF second"
    invoice = Invoice.objects.get()
    assert invoice.number == payment.order.number
    assert invoice.sequence is None
    assert invoice.issued_at == payment.captured_at
    second = captured(place())
    assert issue_invoice(payment=second).number == second.order.number
    assert pdf_of(issue_invoice(payment=second)).startswith(b"%PDF-1")
    assert not NumberSeries.objects.exclude(last=0).exists()


@pytest.mark.django_db(transaction=True)
def test_an_invoice_that_was_deleted_after_its_retention_period_is_not_issued_anew(client, settings):
    order = place()
    deliver_all()
    long_ago = timezone.now() - timedelta(days=366 * (settings.CONVEYOR_KEEP_INVOICES_YEARS + 1))
    NumberSeries.objects.update(records_since=None)
    Payment.objects.update(captured_at=long_ago)
    Invoice.objects.update(issued_on=long_ago.date(), kept_until=long_ago.date())
    purge_expired()
    assert not Invoice.objects.exists()
    assert client.get(f"/orders/{order.public_id}/invoice.pdf").status_code == 409
    assert not Invoice.objects.exists()
