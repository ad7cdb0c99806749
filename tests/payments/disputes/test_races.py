"""Operators and the gateway's news of one dispute at the same moment, with real threads."""

from concurrent.futures import Future, ThreadPoolExecutor

import pytest
from django.db import connection
from django.db.models.signals import pre_save

from payments.disputes.services import mark_answered, record_dispute
from payments.gateways import simulated_disputes
from payments.models import Dispute
from tests.auditing import broken
from tests.patience import wait_for
from tests.payments.disputes.disputing import delivered, disputed
from tests.races import is_waited_for
from tests.shipping.stranded import Person

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.mark.skipif(connection.vendor != "postgresql", reason="SQLite has one writer at a time")
def test_news_of_a_dispute_does_not_undo_the_operators_mark():
    """The mark is made after the comparison has read the dispute, and before it writes it."""
    dispute = disputed(delivered())
    record = simulated_disputes.fetch(reference=dispute.gateway_id)
    assert record is not None
    marks: list[Future[bool]] = []
    with ThreadPoolExecutor(1) as pool:

        def mark(**kwargs: object) -> None:
            marks.append(pool.submit(_mark_and_disconnect, dispute))
            wait_for(lambda: marks[0].done() or is_waited_for(), what="the mark, made or waiting")

        pre_save.connect(mark, sender=Dispute)
        try:
            record_dispute(payment=dispute.payment, record=record, before=Dispute.objects.get(pk=dispute.pk))
        finally:
            pre_save.disconnect(mark, sender=Dispute)
    assert marks[0].result()
    dispute.refresh_from_db()
    assert dispute.answered_at is not None
    assert broken() == {}


def _mark_and_disconnect(dispute: Dispute) -> bool:
    try:
        return mark_answered(dispute=dispute, by=Person({"payments.answer_dispute"}))
    finally:
        connection.close()
