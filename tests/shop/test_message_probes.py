"""Statements that ask of each row whether a message is about it find messages by their subject, never by their task."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from bench.support.operator_rows import MESSAGES, OF_ORDERS, ORDERS
from messaging import invariants
from orders import selectors
from tests.factories import ProductFactory

pytestmark = pytest.mark.django_db(transaction=True)
PROBED = {"orders", "carrier parcels"}


@pytest.fixture
def many() -> None:
    """3,000 orders and messages. Of most tasks none has been seen, so PostgreSQL expects their index to be best."""
    if connection.vendor != "postgresql":
        pytest.skip("query plans of PostgreSQL")
    ProductFactory.create_batch(20)
    with connection.cursor() as cursor:
        for statement in (MESSAGES, ORDERS, *OF_ORDERS):
            cursor.execute(statement, {"rows": 3000})
        cursor.execute("ANALYZE")


def run_all() -> None:
    """The invariants over some rows, as slices of the audit check them, and the searches that run each minute."""
    for one in invariants.registered():
        if one.over is not None and one.over.name in PROBED:
            keys = list(one.over.rows.order_by("pk").values_list("pk", flat=True)[:1000])
            list(one.check(one.over.rows.filter(pk__in=keys)))
    list(selectors.expired_reservations(now=timezone.now())[:500])
    list(selectors.unacknowledged(now=timezone.now())[:500])


def test_messages_about_a_row_are_found_by_their_subject(many: None):
    with CaptureQueriesContext(connection) as statements:
        run_all()
    asking = [found["sql"] for found in statements.captured_queries if 'FROM "messaging_message"' in found["sql"]]
    assert len(asking) == 9
    with connection.cursor() as cursor:
        for statement in asking:
            cursor.execute(f"EXPLAIN {statement}")
            plan = "\n".join(line for (line,) in cursor.fetchall())
            assert "messaging_subject" in plan, plan
            assert "messaging_by_task" not in plan, plan
