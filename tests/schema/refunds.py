"""Refunds under one key, and two without any, are kept by a schema in which a key was unique."""

import django
from django.core.management import call_command


def main() -> None:
    django.setup()
    call_command("migrate", verbosity=0)
    from orders.services.operators import Trusted
    from payments.models import GatewayRefund
    from payments.services import repeat_refund
    from tests.payments.refunds.refunding import failed, fresh, refund_outside, work_off

    refund = failed()
    repeat_refund(refund=refund, by=Trusted("olga"), reason="it failed")
    work_off()
    for amount in (100, 200):
        refund_outside(refund.payment, amount)
    call_command("migrate", "payments", "0003", verbosity=0)
    call_command("migrate", verbosity=0)
    made = dict(GatewayRefund.objects.values_list("idempotency_key", "reference"))
    assert len(made) == 4, made
    assert made[str(refund.pk)] == fresh(refund).gateway_reference, made


if __name__ == "__main__":
    main()
