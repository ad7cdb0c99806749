"""A product that was renamed while there was no index is found by its new name."""

import django
from django.core.management import call_command


def main() -> None:
    django.setup()
    call_command("migrate", verbosity=0)
    from shop.catalogue import search
    from shop.models import Product
    from tests.factories import ProductFactory

    lamp = ProductFactory.create(name="Lamp")
    call_command("migrate", "shop", "0001", verbosity=0)
    Product.objects.update(name="Stool")
    call_command("migrate", verbosity=0)
    assert search.find(criteria=search.Criteria(search="stool")) == [lamp.pk]


if __name__ == "__main__":
    main()
