"""Migrations backwards with rows that only the later schema allows."""

import pytest
from django.core.management import call_command

from payments.models import GatewayRefund
from payments.services import repeat_refund
from tests.payments.refunding import failed, fresh, refund_outside, work_off

pytestmark = pytest.mark.django_db(transaction=True)


def test_refunds_that_share_a_key_or_have_none_do_not_keep_the_schema_from_going_back():
    refund = failed()
    repeat_refund(refund=refund, by="olga", reason="it failed")
    work_off()
    for amount in (100, 200):
        refund_outside(refund.payment, amount)
    try:
        call_command("migrate", "payments", "0003", verbosity=0)
    finally:
        call_command("migrate", verbosity=0)
    made = dict(GatewayRefund.objects.values_list("idempotency_key", "reference"))
    assert len(made) == 4
    assert made[str(refund.pk)] == fresh(refund).gateway_reference
