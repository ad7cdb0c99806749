"""Files of invoices from before invoices were records survive the way back and forth, and old code can write them."""

from datetime import timedelta

import django
from django.core.management import call_command
from django.utils import timezone


def main() -> None:
    django.setup()
    call_command("migrate", verbosity=0)
    from django.db import connection

    from payments.models import Payment
    from shop.invoices.services import issue_missing_invoices
    from shop.models import EarlierInvoice, Invoice, NumberSeries
    from tests.factories import place

    old, new = place(), place()
    EarlierInvoice.objects.create(order=old, edition="1", pdf=b"one")
    call_command("migrate", "shop", "0010", verbosity=0)
    with connection.cursor() as cursor:
        columns = "order_id, edition, pdf, made_at"
        cursor.execute(
            f"INSERT INTO shop_invoice ({columns}) SELECT order_id, '2', pdf, made_at FROM shop_invoice"  # noqa: S608
        )
    call_command("migrate", verbosity=0)
    assert EarlierInvoice.objects.count() == 2
    since = NumberSeries.objects.exclude(records_since=None).get().records_since
    assert since is not None
    for order, at in ((old, since - timedelta(days=1)), (new, timezone.now())):
        Payment.objects.filter(order=order).update(status="captured", captured_at=at)
        issue_missing_invoices(order=order)
    assert Invoice.objects.get(order=old).number == old.number
    assert bytes(Invoice.objects.get(order=old).pdf or b"") == b"one"
    assert Invoice.objects.get(order=new).sequence == 1


if __name__ == "__main__":
    main()
