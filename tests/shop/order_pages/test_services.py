"""Paying again and cancelling: stock, payments, illegal transitions."""

from typing import Any

import pytest

from orders.models import Order, Status
from orders.transitions import IllegalTransition
from payments.gateways import UnknownPaymentMethod
from shop.checkout.services import LineWanted
from shop.models import Product
from shop.order_pages.services import cancel, pay_again
from shop.stock.services import OutOfStock
from tests.delivery import deliver_due
from tests.factories import ProductFactory, place

pytestmark = pytest.mark.django_db(transaction=True)


def order_of(sku: str, quantity: int = 1, **changes: Any) -> Order:
    return place(lines=[LineWanted(sku, quantity)], **changes)


def test_a_declined_card_releases_the_stock_and_a_retry_takes_it_again():
    product = ProductFactory.create(stock=3)
    order = order_of(product.sku, 2, payment_method="pm_card_declined")
    deliver_due()
    order.refresh_from_db()
    product.refresh_from_db()
    assert (order.status, product.stock) == (Status.PAYMENT_FAILED, 3)
    pay_again(order=order, payment_method="pm_card_visa")
    product.refresh_from_db()
    assert (order.status, product.stock) == (Status.PLACED, 1)
    deliver_due()
    order.refresh_from_db()
    assert order.status == Status.SHIPPED


def test_a_retry_is_refused_once_sold_out():
    product = ProductFactory.create(stock=2)
    order = order_of(product.sku, 2, payment_method="pm_card_declined")
    deliver_due()
    order_of(product.sku, 1)
    with pytest.raises(OutOfStock) as refusal:
        pay_again(order=order, payment_method="pm_card_visa")
    order.refresh_from_db()
    assert refusal.value.left == 1
    assert order.status == Status.PAYMENT_FAILED
    assert order.payments.count() == 1


def test_a_retry_for_a_discontinued_product_is_out_of_stock():
    product = ProductFactory.create()
    order = order_of(product.sku, payment_method="pm_card_declined")
    deliver_due()
    Product.objects.update(sku="RENAMED")
    with pytest.raises(OutOfStock):
        pay_again(order=order, payment_method="pm_card_visa")


def test_only_failed_payments_can_be_retried():
    order = place()
    with pytest.raises(IllegalTransition):
        pay_again(order=order, payment_method="pm_card_visa")
    with pytest.raises(UnknownPaymentMethod):
        pay_again(order=order, payment_method="pm_gold")


def test_cancelling_releases_the_stock_once():
    product = ProductFactory.create(stock=3)
    order = order_of(product.sku, 2)
    cancel(order=order)
    with pytest.raises(IllegalTransition):
        cancel(order=order)
    product.refresh_from_db()
    assert product.stock == 3


def test_cancelling_after_a_failed_payment_releases_nothing_twice():
    product = ProductFactory.create(stock=3)
    order = order_of(product.sku, 2, payment_method="pm_card_declined")
    deliver_due()
    cancel(order=order)
    product.refresh_from_db()
    assert product.stock == 3
