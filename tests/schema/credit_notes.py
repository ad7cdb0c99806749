"""Several credit notes of one refund are kept by a schema in which it had one."""

import django
from django.core.management import call_command


def main() -> None:
    django.setup()
    call_command("migrate", verbosity=0)
    from payments.models import Refund
    from shop.models import CreditNote
    from tests.payments.refunds.refunding import delivered, start_refund, work_off

    refund = start_refund(delivered(), 500)
    work_off()
    first = CreditNote.objects.get()
    for sequence in (2, 3):
        values = {"number": f"CN-{sequence}", "sequence": sequence, "total": 100 * sequence}
        CreditNote(**CreditNote.objects.values().get(pk=first.pk) | {"id": None} | values).save()
    call_command("migrate", "shop", "0014", verbosity=0)
    call_command("migrate", verbosity=0)
    found = CreditNote.objects.order_by("pk").values_list("total", "refund__amount", "refund__status")
    assert list(found) == [(500, 500, "done"), (200, 200, "cancelled"), (300, 300, "cancelled")], found
    assert CreditNote.objects.get(pk=first.pk).refund == Refund.objects.get(pk=refund.pk)


if __name__ == "__main__":
    main()
