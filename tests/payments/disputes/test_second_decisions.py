"""A bank takes back that a dispute is lost, and the money is refunded at the gateway before the shop knows."""

import pytest

from messaging.models import Message
from payments.gateways import DisputeState
from payments.invariants import NO_FAILED_REFUNDS
from payments.models import GatewayDispute
from tests.auditing import broken
from tests.delivery import deliver_due
from tests.payments.disputes.disputing import COMPARE, decide, delivered, disputed, report
from tests.payments.refunds.refunding import compare, refund_outside

pytestmark = pytest.mark.django_db(transaction=True)

BEYOND = {
    "an order's money, reserved or captured, less refunds is its total, or nothing",
    "no payment is refunded beyond what was captured",
}


def test_the_audit_waits_for_the_comparison_of_the_dispute_and_no_longer():
    order = delivered()
    dispute = disputed(order)
    decide(dispute, DisputeState.LOST)
    GatewayDispute.objects.update(status=DisputeState.WON)
    report(order, dispute.gateway_id)
    refund_outside(order.payments.get(), order.total)
    compare(order.payments.get())
    assert not broken()
    reported = Message.objects.get(task=COMPARE, state="pending")
    Message.objects.filter(pk=reported.pk).update(state="done")
    assert broken().keys() - {NO_FAILED_REFUNDS} == BEYOND
    Message.objects.filter(pk=reported.pk).update(state="pending")
    deliver_due()
    assert not broken()
