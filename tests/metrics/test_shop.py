"""What is counted about requests, checkouts and orders; which orders are overdue."""

from datetime import timedelta

import pytest
from django.db import transaction
from django.http import HttpResponse
from django.test import Client
from django.utils import timezone

from messaging.models import Message
from orders.models import Hold, Order, Status
from shipping.delivery_problems import reship
from shop.health import request_metrics
from shop.health.order_metrics import SHIPPING, SHIPPING_SECONDS, overdue
from shop.health.request_metrics import CHECKOUT, CHECKOUT_SECONDS
from shop.models import Product
from tests.api.client import order_body, post
from tests.delivery import deliver_all
from tests.factories import ProductFactory, place
from tests.metrics.samples import difference
from tests.shipping.stranded import BERN, OLGA, delivered_or_stranded
from tests.shop.checkout.page import filled

pytestmark = pytest.mark.django_db(transaction=True)


def overdue_within() -> dict[str, float]:
    (gauge,) = overdue()
    return {sample.labels["within"]: sample.value for sample in gauge.samples}


def test_the_objectives_are_borders_of_buckets():
    assert CHECKOUT_SECONDS in CHECKOUT._upper_bounds
    assert SHIPPING_SECONDS in SHIPPING._upper_bounds


def test_requests_are_counted_by_route_and_never_by_path():
    product = ProductFactory.create()
    with difference() as found:
        Client().get(f"/products/{product.slug}/")
        Client().get("/products/no-such-product/")
        Client().get("/no-such-page/")
        Client().generic("BREW", "/")
    assert found.of("conveyor_http_requests_total", view="shop:product", method="GET", status="2xx") == 1
    assert found.of("conveyor_http_requests_total", view="shop:product", status="4xx") == 1
    assert found.of("conveyor_http_requests_total", view="none", status="4xx") == 1
    assert found.of("conveyor_http_requests_total", method="other") == 1
    assert found.of("conveyor_http_request_seconds_count", view="shop:product") == 2
    assert not any("such" in value for (_, labels) in found.samples for _, value in labels)


@pytest.mark.parametrize("path", ["/healthz", "/readyz", "/metrics"])
def test_probes_are_not_counted(path):
    with difference() as found:
        Client().get(path)
    assert found.of("conveyor_http_requests_total") == 0


def test_checkouts_are_counted_by_source_and_outcome():
    ProductFactory(sku="LAMP", stock=2)
    with difference() as found:
        assert post("/orders/", order_body("LAMP", 1)).status_code == 201
        assert post("/orders/", order_body("LAMP", 5)).status_code == 409
        assert post("/orders/", {"lines": []}).status_code == 400
    assert found.of("conveyor_checkout_seconds_count", source="api", outcome="placed") == 1
    assert found.of("conveyor_checkout_seconds_count", source="api", outcome="refused") == 2


def test_checkouts_on_the_storefront_are_counted():
    client, product = Client(), ProductFactory.create(stock=5)
    client.post("/basket/add/", {"sku": product.sku, "quantity": 1})
    with difference() as found:
        assert client.post("/checkout/", filled(client, email="no address")).status_code == 200
        assert client.post("/checkout/", filled(client)).status_code == 302
    assert found.of("conveyor_checkout_seconds_count", source="web", outcome="refused") == 1
    assert found.of("conveyor_checkout_seconds_count", source="web", outcome="placed") == 1


@pytest.mark.parametrize(
    ("response", "outcome"),
    [
        (HttpResponse(status=500), "failed"),
        (HttpResponse(status=503), "failed"),
        (HttpResponse(status=302, headers={"Location": "/basket/"}), "refused"),
        (HttpResponse(status=302, headers={"Location": "/orders/x/"}), "placed"),
        (HttpResponse(status=429), "refused"),
        (HttpResponse(status=200, content_type="application/json"), "placed"),
    ],
)
def test_what_an_answer_says_of_a_checkout(response, outcome):
    assert request_metrics.outcome_of(response) == outcome


def test_an_order_is_counted_when_it_is_placed_and_when_it_is_shipped():
    with difference() as found:
        order = place()
        Order.objects.update(placed_at=timezone.now() - timedelta(seconds=90))
        deliver_all()
    order.refresh_from_db()
    assert order.status in (Status.SHIPPED, Status.DELIVERED)
    assert found.of("conveyor_orders_placed_total", source="web") == 1
    assert found.of("conveyor_order_shipping_seconds_bucket", source="web", le="60.0") == 0
    assert found.of("conveyor_order_shipping_seconds_bucket", source="web", le="120.0") == 1


def test_a_parcel_that_is_sent_again_is_not_counted():
    order, shipment = delivered_or_stranded("Lostville")
    Order.objects.update(placed_at=timezone.now() - timedelta(days=9))
    with difference() as found:
        reship(shipment=shipment, goods_are_back=False, by=OLGA, address=BERN)
        deliver_all()
    assert order.events.filter(kind=Status.SHIPPED).count() == 2
    assert found.of("conveyor_order_shipping_seconds_count", source="web") == 0


def test_an_order_that_is_rolled_back_is_not_counted():
    ProductFactory.create(sku="LAMP")
    with difference() as found, transaction.atomic():
        place()
        transaction.set_rollback(True)
    assert not Order.objects.exists()
    assert not Message.objects.exists()
    assert found.of("conveyor_orders_placed_total") == 0
    assert Product.objects.exists()


def test_orders_are_overdue_until_they_are_shipped_or_need_not_be():
    for age in (30, 90, 2 * 3600, 4 * 86_400):
        order = place()
        Order.objects.filter(pk=order.pk).update(placed_at=timezone.now() - timedelta(seconds=age))
    assert overdue_within() == {"5m": 1, "30m": 1, "1h": 1, "6h": 2, "3d": 2}
    Order.objects.filter(placed_at__lt=timezone.now() - timedelta(hours=1)).update(hold=Hold.DISPUTE)
    assert overdue_within()["6h"] == 1
    Order.objects.update(source="import")
    assert set(overdue_within().values()) == {0}
    Order.objects.update(source="web", status=Status.PAYMENT_FAILED)
    assert set(overdue_within().values()) == {0}
    Order.objects.update(status=Status.PAID)
    assert overdue_within()["5m"] == 1


def test_overdue_orders_are_counted_to_a_bound(monkeypatch):
    monkeypatch.setattr("shop.health.order_metrics.COUNTED", 2)
    for _ in range(3):
        place()
    Order.objects.update(placed_at=timezone.now() - timedelta(seconds=90))
    assert overdue_within()["3d"] == 2
