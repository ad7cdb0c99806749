"""Lists of operators beside many rows: bounded counts, searches and filters by an index, declared filter values."""

import re
import uuid
from itertools import chain

import pytest
from django.apps import apps
from django.contrib.auth import get_user_model
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from bench.support.operator_rows import MESSAGES, OF_ORDERS, ORDERS
from messaging import outbox
from messaging.models import Message, State
from messaging.operations.admin.base import BoundedPaginator as DeskPaginator
from orders.readonly_admin import BoundedPaginator
from payments.models import GatewayEvent, Payment
from shop.models import StockMovement
from tests.factories import ProductFactory, place
from tests.messaging.samples import Sample
from tests.query_plans import plans_of

pytestmark = pytest.mark.django_db(transaction=True)
MESSAGE_LIST, ORDER_LIST, PAYMENT_LIST = "messaging/message", "orders/order", "payments/payment"
LISTS = [
    MESSAGE_LIST, ORDER_LIST, PAYMENT_LIST, "payments/refund", "payments/gatewaycharge", "payments/gatewayrefund",
    "payments/gatewayevent", "payments/dispute", "payments/gatewaydispute", "shipping/shipment",
    "shipping/carrierparcel", "shop/stockmovement", "shop/invoice", "shop/creditnote", "shop/return",
]  # fmt: skip
QUERIES = ["", "q=CV-01234-56789", "q=ada@example.com", "q=ch_1", f"q={uuid.uuid4()}", "o=1", "o=-3", "p=2"]


@pytest.fixture
def admin() -> Client:
    user = get_user_model().objects.create_superuser("root")
    client = Client()
    client.force_login(user, backend="shop.accounts.authentication.NameOrEmail")
    return client


def page(client: Client, path: str, query: str = "") -> str:
    answer = client.get(f"/admin/{path}/?{query}", follow=True)
    assert answer.status_code == 200
    return " ".join(answer.content.decode().split())


def rows(client: Client, path: str, query: str = "") -> int:
    """The number of rows on the page."""
    return len(re.findall(r'class="action-select"|<tr><th class="field-', page(client, path, query)))


def enqueue(count: int = 1, **options) -> list[Message]:
    with outbox.transaction():
        return [outbox.enqueue(Sample(text=str(number)), **options) for number in range(count)]


@pytest.mark.parametrize(
    ("path", "query"), [("operations/failedtask", "q=x"), (ORDER_LIST, "status__exact=paid"), (ORDER_LIST, "q=CV-1")]
)
def test_a_list_offers_to_show_all_only_where_it_hides_something(admin, path, query):
    assert "Show all" not in page(admin, path)
    assert "Show all" in page(admin, path, query)


@pytest.mark.parametrize("path", LISTS)
def test_no_list_reads_a_whole_table(admin, path):
    with CaptureQueriesContext(connection) as statements:
        for query in QUERIES:
            page(admin, path, query)
    for statement in (query["sql"] for query in statements.captured_queries):
        assert "DISTINCT" not in statement
        assert "UPPER(" not in statement
        assert "COUNT(" not in statement or "LIMIT" in statement, statement


@pytest.mark.parametrize(("path", "paginator"), [(MESSAGE_LIST, DeskPaginator), (ORDER_LIST, BoundedPaginator)])
def test_counts_and_pages_end_at_a_bound_and_the_list_says_so(admin, monkeypatch, path, paginator):
    for _ in range(3):
        place()
    assert "rows match" not in page(admin, path)
    monkeypatch.setattr(paginator, "MOST", 2)
    assert "More than 2 rows match. Counts and pages stop there" in page(admin, path)


def test_later_pages_show_the_next_rows(admin, monkeypatch):
    numbers = [place().number for _ in range(5)]
    monkeypatch.setattr("orders.admin.OrderAdmin.list_per_page", 2)
    found = [re.findall(r"CV-\w{5}-\w{5}(?=</a>)", page(admin, ORDER_LIST, f"p={number}")) for number in (1, 2, 3)]
    assert [*chain(*found)] == numbers[::-1]


def test_lists_sort_by_indexed_columns_only(admin):
    first, second = place(email="zoe@example.com"), place(email="bob@example.com")
    shown = page(admin, ORDER_LIST, "o=8")
    assert shown.index(f">{second.number}<") < shown.index(f">{first.number}<")
    shown = page(admin, ORDER_LIST, "o=2")
    assert shown.index(f">{first.number}<") < shown.index(f">{second.number}<")


def test_an_order_is_found_by_number_email_and_public_id(admin):
    order, _other = place(email="Grace@Example.com"), place()
    for text in (order.number, order.number.lower(), order.number[:9], "grace@example.com", order.public_id):
        assert rows(admin, ORDER_LIST, f"q={text}") == 1, text
    assert rows(admin, ORDER_LIST, "q=CV-") == 2
    assert rows(admin, ORDER_LIST, "q=nothing") == 0


def test_a_payment_is_found_by_its_order_and_its_reference(admin):
    order, _other = place(email="Grace@Example.com"), place()
    Payment.objects.filter(order=order).update(gateway_reference="ch_7")
    for text in (order.number.lower(), "GRACE@example.com", "ch_7"):
        assert rows(admin, PAYMENT_LIST, f"q={text}") == 1, text
    assert rows(admin, PAYMENT_LIST, "q=ch_8") == 0


def test_events_and_movements_are_found_by_exact_values(admin):
    order = place()
    key = uuid.uuid4()
    GatewayEvent.objects.create(event_id="evt_1", kind="charge", key=key)
    for text in ("evt_1", str(key)):
        assert rows(admin, "payments/gatewayevent", f"q={text}") == 1
    sale = StockMovement.objects.get(reference=order.number)
    assert rows(admin, "shop/stockmovement", f"q={order.number}") == 1
    assert rows(admin, "shop/stockmovement", f"q={sale.product.sku.lower()}") == 2


def test_a_message_is_found_by_id_and_subject(admin):
    (message,), _others = enqueue(subject="CV-1"), enqueue(2, subject="CV-2")
    for text in (str(message.pk), "CV-1", "cv-1"):
        assert rows(admin, MESSAGE_LIST, f"q={text}") == 1
    assert rows(admin, MESSAGE_LIST, "q=nothing") == 0


def test_messages_are_filtered_by_declared_queues_and_tasks(admin):
    (message, _other) = enqueue(2)
    Message.objects.filter(pk=message.pk).update(queue="payments", task="payments.charge_payment", state=State.DONE)
    shown = page(admin, MESSAGE_LIST)
    for query in ("queue=payments", "task=payments.charge_payment", "queue=shipping", "task=orders.send_email"):
        assert f"?{query}" in shown
    assert rows(admin, MESSAGE_LIST, "queue=payments") == 1
    assert rows(admin, MESSAGE_LIST, "task=payments.charge_payment&state__exact=done") == 1
    assert rows(admin, MESSAGE_LIST, "task=removed.task") == 0
    assert "removed.task" in page(admin, MESSAGE_LIST, "task=removed.task")


PLANS = [
    (MESSAGE_LIST, "", "messaging_message_pkey"),
    (MESSAGE_LIST, "state__exact=done", "messaging_finished"),
    (MESSAGE_LIST, "queue=maintenance", "messaging_by_queue"),
    (MESSAGE_LIST, "task=operations.count_throughput", "messaging_by_task"),
    (MESSAGE_LIST, "q=CV-0000000003", "messaging_subject"),
    (ORDER_LIST, "", "orders_newest"),
    (ORDER_LIST, "shipping_method__exact=express", "orders_express"),
    (ORDER_LIST, "source__exact=import", "orders_by_source"),
    (ORDER_LIST, "q=CV-0000000003", "orders_order_number_"),
    (ORDER_LIST, "q=SHOPPER7@EXAMPLE.COM", "orders_by_email"),
    (PAYMENT_LIST, "", "payments_payment_newest"),
    (PAYMENT_LIST, "status__exact=failed", "payments_payment_by_status"),
    (PAYMENT_LIST, "q=CV-0000000030", "payments_payment_order_id_"),
    (PAYMENT_LIST, "q=ch_nothing", "payments_payment_by_reference"),
    ("payments/refund", "", "payments_refund_newest"),
    ("payments/gatewayevent", "", "payments_gatewayevent_pkey"),
    ("shipping/shipment", "", "shipping_newest"),
    ("shipping/shipment", "status__exact=in_transit", "shipping_by_status"),
    ("shipping/shipment", "carrier=Nobody", "shipping_by_carrier"),
    ("shipping/shipment", "q=SP000000000060", "shipping_one_shipment_a_parcel"),
    ("shipping/carrierparcel", "q=SP000000000060", "shipping_carrierparcel_tracking_number"),
    ("shop/stockmovement", "reason__exact=restock", "shop_stockmovement_by_reason"),
    ("shop/invoice", "year=2025", "shop_invoice_by_year"),
    ("shop/creditnote", "year=2025", "shop_creditnote_by_year"),
    ("shop/return", "", "shop_return_newest"),
    ("shop/return", "status__exact=rejected", "shop_return_by_status"),
    ("shop/return", "status__exact=requested", "shop_return_by_status"),
]


#: The bench's orders have six: for as many, any index will do.
REFUNDS = """
INSERT INTO payments_refund (id, payment_id, amount, status, gateway_reference, created_at)
SELECT md5('another' || id)::uuid, id, amount, 'done', 're_another_' || md5(id::text), created_at FROM payments_payment
"""
#: A hundred papers of 2025, and few returns that were not refunded.
PAPERS = (
    "INSERT INTO shop_numberseries (series, year, last) VALUES ('', 2025, 100)",
    """
INSERT INTO shop_issuedinvoice (series, year, sequence, number, issued_at, issued_on, kept_until, currency, total, tax,
    data, order_id, payment_id)
SELECT '', CASE WHEN id < 100 THEN 2025 ELSE 2026 END, id, number, now(), now(), now(), 'EUR', 3000, 0, '{}', id,
    md5('payment' || id)::uuid FROM orders_order
""",
    """
INSERT INTO shop_creditnote (series, year, sequence, number, issued_at, issued_on, kept_until, currency, total, tax,
    data, order_id, invoice_id, refund_id)
SELECT 'CN', year, sequence, number, now(), now(), now(), 'EUR', 3000, 0, '{}', order_id, id,
    md5('another' || payment_id)::uuid FROM shop_issuedinvoice
""",
    """
INSERT INTO shop_return (id, order_id, number, status, reason, comment, rejection, amount, carrier, tracking_number,
    requested_at)
SELECT md5('return' || id)::uuid, id, number, CASE id % 100 WHEN 1 THEN 'rejected' WHEN 2 THEN 'requested'
    ELSE 'refunded' END, 'other', '', '', 3000, '', '', placed_at FROM orders_order
""",
)


@pytest.fixture
def many(admin):
    """3,000 rows of each kind: enough for PostgreSQL to prefer the index that fits best."""
    if connection.vendor != "postgresql":
        pytest.skip("query plans of PostgreSQL")
    ProductFactory.create_batch(20)
    with connection.cursor() as cursor:
        for statement in (MESSAGES, ORDERS, *OF_ORDERS, REFUNDS):
            cursor.execute(statement, {"rows": 3000})
        for statement in PAPERS:
            cursor.execute(statement)
        cursor.execute("ANALYZE")
        cursor.execute("SET enable_seqscan = off")
    yield
    with connection.cursor() as cursor:
        cursor.execute("RESET enable_seqscan")


def test_every_list_filter_and_search_uses_an_index(admin, many):
    for path, query, index in PLANS:
        table = apps.get_model(*path.split("/"))._meta.db_table
        with plans_of(f'FROM "{table}"') as plans:
            page(admin, path, query)
        assert f"Seq Scan on {table}" not in "\n".join(plans), plans
        assert any(index in found for found in plans), (path, query, plans)
