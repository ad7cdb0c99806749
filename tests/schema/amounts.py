"""Amount lines are removed and filled in again, of orders with and without a price of delivery."""

import django
from django.core.management import call_command


def main() -> None:
    django.setup()
    call_command("migrate", verbosity=0)
    from orders.models import AmountLine
    from tests.factories import place

    placed = [place(shipping_method=method) for method in ("standard", "express")]
    call_command("migrate", "orders", "0007", verbosity=0)
    call_command("migrate", verbosity=0)
    found = sorted(AmountLine.objects.values_list("order", "kind", "rate", "amount"))
    assert found == [
        (placed[0].pk, "goods", None, placed[0].subtotal),
        (placed[1].pk, "delivery", None, placed[1].shipping_price),
        (placed[1].pk, "goods", None, placed[1].subtotal),
    ], found


if __name__ == "__main__":
    main()
