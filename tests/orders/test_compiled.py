"""Compiled querysets: the same rows as from the ORM, by a statement that is compiled once."""

import gc
import uuid
import weakref
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from datetime import timedelta

import pytest
from django.db import IntegrityError, connection, connections, transaction
from django.db.models import F, Value
from django.db.models.functions import Upper
from django.utils import timezone

from orders.compiled import Compiled
from orders.models import Order, OrderEvent, Status
from payments.models import Payment, PaymentStatus
from tests.factories import place

pytestmark = pytest.mark.django_db


@pytest.fixture
def payments() -> list[Payment]:
    """Two, of two orders, in an order that their ids do not decide."""
    now, made = timezone.now(), [place().payments.get() for _ in range(2)]
    for n, payment in enumerate(made):
        payment.amount, payment.currency = 100 + n, "EUR"
        payment.created_at, payment.captured_at = now - timedelta(days=n), now if n else None
        payment.save()
    return made


def same(found: Payment, wanted: Payment) -> bool:
    """Whether every column and every related row is the same, of the same types."""
    pairs = [(found, wanted), (found.order, wanted.order)]
    return all(
        [(name, type(value), value) for name, value in vars(one).items() if name != "_state"]
        == [(name, type(value), value) for name, value in vars(other).items() if name != "_state"]
        for one, other in pairs
    )


def test_rows_are_those_of_the_queryset_each_time(payments, django_assert_num_queries):
    compiled = Compiled(lambda pk: Payment.objects.select_related("order").filter(pk=pk))
    for payment in [*payments, *payments]:
        with django_assert_num_queries(1):
            found = compiled.get(pk=payment.pk)
            assert found.order.number
        assert same(found, Payment.objects.select_related("order").get(pk=payment.pk))
        assert (found._state.adding, found._state.db) == (False, "default")


def test_the_orm_builds_the_statement_once(payments):
    built = []

    def build(pk):
        built.append(pk)
        return Payment.objects.filter(pk=pk)

    compiled = Compiled(build)
    assert [compiled.get(pk=payment.pk) for payment in payments] == payments
    assert len(built) == 1


def test_order_annotations_and_deferred_columns_are_kept(payments):
    compiled = Compiled(
        lambda currency, least: (
            Payment.objects.filter(currency=currency, amount__gte=least)
            .annotate(written=Upper("status"), fixed=Value(3))
            .only("status")
        )
    )
    assert compiled.all(currency="EUR", least=0) == payments[::-1]  # the model's order, by time
    assert compiled.all(currency="EUR", least=101) == payments[1:]
    assert compiled.all(currency="CHF", least=0) == []
    [found] = compiled.all(currency="EUR", least=101)
    assert (found.written, found.fixed, found.get_deferred_fields() >= {"amount"}) == ("PENDING", 3, True)
    assert found.amount == 101


def test_values_are_converted_as_by_the_orm():
    order = place()
    OrderEvent.objects.create(order=order, kind="x", data={"a": [1, None]}, at=timezone.now())
    found = Compiled(lambda order: OrderEvent.objects.filter(order=order, kind="x")).get(order=order.pk)
    wanted = OrderEvent.objects.get(order=order, kind="x")
    assert (found.data, found.at, found.pk) == (wanted.data, wanted.at, wanted.pk)
    assert found.at.tzinfo is not None


def test_a_time_is_compared_as_by_the_orm(payments):
    compiled = Compiled(lambda since: Payment.objects.filter(created_at__gte=since))
    for payment in payments:
        wanted = Payment.objects.filter(created_at__gte=payment.created_at)
        assert compiled.all(since=payment.created_at) == list(wanted)


def test_get_raises_what_the_orm_raises(payments):
    compiled = Compiled(lambda currency: Payment.objects.filter(currency=currency))
    with pytest.raises(Payment.DoesNotExist, match="Payment matching query does not exist"):
        compiled.get(currency="CHF")
    with pytest.raises(Payment.MultipleObjectsReturned, match="2 rows of Payment match"):
        compiled.get(currency="EUR")


def test_an_update_changes_what_matches_and_says_how_much(payments):
    first, second = payments
    compiled = Compiled(lambda pk: Payment.objects.filter(pk=pk, status=PaymentStatus.PENDING))
    now, id_ = timezone.now(), uuid.uuid4()
    values = {"status": PaymentStatus.CAPTURED, "captured_at": now, "message_id": id_, "amount": 5}
    assert compiled.update(values, pk=first.pk) == 1
    assert compiled.update(values, pk=first.pk) == 0
    first.refresh_from_db()
    assert (first.status, first.captured_at, first.message_id, first.amount) == ("captured", now, id_, 5)
    assert compiled.update({"captured_at": None, "message_id": None}, pk=second.pk) == 1
    second.refresh_from_db()
    assert (second.captured_at, second.message_id, second.status, second.amount) == (None, None, "pending", 101)


def test_an_argument_may_be_named_like_a_field_that_changes(payments):
    compiled = Compiled(lambda amount: Payment.objects.filter(amount=amount))
    assert compiled.update({"amount": 7}, amount=101) == 1
    assert sorted(Payment.objects.values_list("amount", flat=True)) == [7, 100]


@pytest.mark.parametrize("value", [None, [1], (1,), {1}], ids=str)
def test_an_argument_is_a_single_value(value):
    """NULL equals nothing, so that a condition on None would match no row in silence."""
    compiled = Compiled(lambda pk: Order.objects.filter(pk=pk))
    with pytest.raises(TypeError, match="must be a single value"):
        compiled.all(pk=value)
    with pytest.raises(TypeError, match="must be a single value"):
        compiled.update({"status": Status.PAID}, pk=value)


def test_a_row_is_no_argument():
    with pytest.raises(TypeError, match="must be a single value"):
        Compiled(lambda pk: Order.objects.filter(pk=pk)).all(pk=place())


def test_an_expression_is_no_value():
    order = place()
    compiled = Compiled(lambda pk: Order.objects.filter(pk=pk))
    for _ in range(2):
        with pytest.raises(TypeError, match="total is set to an expression"):
            compiled.update({"total": F("total") + 1}, pk=order.pk)


@pytest.mark.parametrize(
    "build",
    [
        lambda pk: Order.objects.filter(pk=pk).prefetch_related("lines"),
        lambda pk: Order.objects.filter(pk=pk).values("pk"),
        lambda pk: Order.objects.filter(pk=pk).values_list("pk", flat=True),
    ],
    ids=["prefetch", "values", "values_list"],
)
def test_other_querysets_are_refused(build):
    with pytest.raises(TypeError, match="of rows, without prefetch_related"):
        Compiled(build).all(pk=1)


def test_text_is_a_parameter_and_never_sql():
    place()
    compiled = Compiled(lambda number: Order.objects.filter(number=number))
    assert compiled.all(number="' OR 1=1 --") == []
    assert compiled.update({"status": "' OR 1=1 --"}, number="%s") == 0


@pytest.mark.django_db(transaction=True)
def test_a_lock_is_taken_each_time():
    if connection.vendor != "postgresql":
        pytest.skip("SQLite has no row locks")
    order = place()
    compiled = Compiled(lambda pk: Order.objects.select_for_update().filter(pk=pk))
    for _ in range(2):
        with transaction.atomic():
            compiled.get(pk=order.pk)
            with connection.cursor() as cursor:
                cursor.execute("SELECT xmax FROM orders_order WHERE id = %s", [order.pk])
                [xmax] = cursor.fetchone()
                cursor.execute("SELECT pg_current_xact_id()::text::bigint % 4294967296")
                assert int(xmax) == int(cursor.fetchone()[0])


@pytest.mark.django_db(transaction=True)
def test_a_lock_outside_a_transaction_is_refused_each_time():
    """Django checks it as it compiles, which is once."""
    order = place()
    compiled = Compiled(lambda pk: Order.objects.select_for_update().filter(pk=pk))
    with transaction.atomic():
        assert compiled.get(pk=order.pk) == order
    for _ in range(2):
        with pytest.raises(transaction.TransactionManagementError):
            compiled.get(pk=order.pk)


def test_other_arguments_make_another_statement(payments):
    """A condition on an argument that the first use did not give is not left out."""
    first, second = payments
    compiled = Compiled(Payment.objects.filter)
    assert compiled.all(pk=first.pk) == [first]
    assert compiled.all(pk=first.pk, amount=101) == []
    assert compiled.update({"currency": "CHF"}, pk=first.pk) == 1
    assert compiled.update({"currency": "EUR"}, pk=first.pk, amount=101) == 0
    with pytest.raises(Payment.DoesNotExist):
        compiled.get(pk=second.pk, amount=100)


def test_an_argument_that_the_queryset_does_not_take_is_refused_each_time(payments):
    compiled = Compiled(lambda pk: Payment.objects.filter(pk=pk))
    compiled.get(pk=payments[0].pk)
    with pytest.raises(TypeError, match="unexpected keyword argument 'status'"):
        compiled.all(pk=payments[0].pk, status=PaymentStatus.CAPTURED)


def test_a_time_without_a_zone_is_no_argument():
    """The ORM takes it for one in the shop's zone, the database for one in UTC."""
    compiled = Compiled(lambda since: Payment.objects.filter(created_at__gte=since))
    with pytest.raises(TypeError, match="since has no time zone"):
        compiled.all(since=timezone.now().replace(tzinfo=None))


@pytest.mark.parametrize(
    "build",
    [
        lambda status: Payment.objects.filter(status=status)[:1],
        lambda status: Payment.objects.filter(status=status).distinct("status"),
    ],
    ids=["slice", "distinct"],
)
def test_an_update_of_some_of_the_rows_is_refused(payments, build):
    """UPDATE has no LIMIT, so that all rows would change."""
    with pytest.raises(TypeError, match="would change all rows"):
        Compiled(build).update({"amount": 7}, status=PaymentStatus.PENDING)
    assert not Payment.objects.filter(amount=7).exists()


def test_a_queryset_of_another_database_is_refused():
    with pytest.raises(TypeError, match="of the default database"):
        Compiled(lambda pk: Order.objects.using("replica").filter(pk=pk)).all(pk=1)
    with pytest.raises(TypeError, match="of the default database"):
        Compiled(lambda pk: Order.objects.using("replica").filter(pk=pk)).update({"total": 1}, pk=1)


@pytest.mark.django_db(transaction=True)
def test_a_transaction_whose_update_failed_commits_nothing_and_announces_nothing(payments):
    """PostgreSQL answers the COMMIT with a rollback and no error."""
    compiled, announced = Compiled(lambda pk: Payment.objects.filter(pk=pk)), []
    with transaction.atomic():
        transaction.on_commit(lambda: announced.append("committed"))
        Payment.objects.update(amount=7)
        with suppress(IntegrityError):
            compiled.update({"status": "unknown"}, pk=payments[0].pk)
    assert not Payment.objects.filter(amount=7).exists()
    assert announced == []


@pytest.mark.django_db(transaction=True)
def test_the_connection_of_the_first_use_is_not_kept():
    """A thread that ends without closing its connection leaves that to the garbage collector."""
    if connection.vendor != "postgresql":
        pytest.skip("SQLite's conversions of values belong to a connection")
    compiled, used = Compiled(lambda pk: Payment.objects.select_related("order").filter(pk=pk)), []

    def use() -> None:
        used.append(weakref.ref(connections["default"]))
        compiled.all(pk=uuid.uuid4())
        connection.close()

    with ThreadPoolExecutor(1) as pool:
        pool.submit(use).result()
    gc.collect()
    assert used[0]() is None
    assert compiled.all(pk=uuid.uuid4()) == []
