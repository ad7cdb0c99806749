"""The audit of changes finds what the whole audit finds."""

import pytest

from orders.models import Order, Status
from tests.auditing import AuditOfChanges, broken
from tests.delivery import deliver_all
from tests.factories import place

pytestmark = pytest.mark.django_db(transaction=True)


def test_what_a_statement_breaks_is_found_until_another_one_mends_it():
    order = place()
    deliver_all()
    audit = AuditOfChanges()
    assert audit.broken() == broken() == {}
    for status in (Status.PLACED, Status.DELIVERED):
        Order.objects.filter(pk=order.pk).update(status=status)
        found = audit.broken()
        assert found == broken()
        assert audit.broken() == found, "nothing was written since"
        assert bool(found) == (status == Status.PLACED)
    audit.end()


def test_nothing_is_checked_after_reads(django_assert_num_queries):
    order = place()
    audit = AuditOfChanges()
    assert audit.broken() == {}
    Order.objects.filter(pk=order.pk).exists()
    with django_assert_num_queries(0):
        assert audit.broken() == {}
    audit.end()
