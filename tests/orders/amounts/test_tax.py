"""Tax of an order as its amount lines have it."""

import pytest

from orders.amounts.tax import TaxAt, tax_of
from orders.models import AmountLine
from orders.values import Address
from tests.factories import place

pytestmark = pytest.mark.django_db


def test_an_order_has_the_tax_of_its_rates_with_their_gross_and_net():
    order = place(shipping_method="express", address=Address("Weg 1", "Berlin", "10115", "DE"))
    tax = tax_of(order)
    assert tax.rates == (TaxAt(1900, 3490, 557),)
    assert (tax.amount, tax.rates[0].net, tax.rates[0].percent) == (557, 2933, "19")


def test_an_order_that_leaves_the_vat_area_is_exempt():
    tax = tax_of(place())
    assert (tax.is_exempt, tax.is_known, tax.amount) == (True, True, 0)


def test_the_tax_of_an_order_of_an_older_release_is_not_known():
    order = place()
    order.amount_lines.update(rate=None)
    assert (tax_of(order).is_known, tax_of(order).amount) == (False, None)
    order.amount_lines.all().delete()
    assert tax_of(order).amount is None


def test_a_discount_reduces_the_gross_of_its_rate():
    order = place(address=Address("Weg 1", "Berlin", "10115", "DE"))
    AmountLine.objects.create(order=order, kind="discount", rate=1900, amount=-1310)
    order.amount_lines.filter(kind="tax").update(amount=190)
    assert tax_of(order).rates == (TaxAt(1900, 1190, 190),)
