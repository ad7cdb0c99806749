"""Pages of deliveries: the log, one delivery, and clicks that send once."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from extensions.webhooks.admin import deliveries as page
from extensions.webhooks.models import Delivery, Endpoint, State
from extensions.webhooks.tests.merchant import answer
from orders.services import anonymise_orders
from tests.delivery import deliver_due
from tests.factories import client_with, place

pytestmark = pytest.mark.django_db(transaction=True)
ENDPOINTS, DELIVERIES = "/admin/webhooks/endpoint/", "/admin/webhooks/delivery/"
EVERYTHING = ("view_endpoint", "add_endpoint", "change_endpoint", "delete_endpoint", "view_delivery", "resend_delivery")


def delivered(endpoint: Endpoint) -> Delivery:
    place()
    deliver_due()
    return Delivery.objects.get(event="order.placed", endpoint=endpoint)


def resend(client, *deliveries: Delivery):
    values = [f"{delivery.pk}:{delivery.sends}" for delivery in deliveries]
    return client.post(f"{DELIVERIES}resend/", {"delivery": values}, follow=True)


def test_the_log_filters_and_searches(endpoint, merchant):
    other = Endpoint.objects.create(url="https://other.example/", events=["order.placed"], description="Other")
    delivery = delivered(endpoint)
    client = client_with(*EVERYTHING)

    def shown(query: str) -> set[str]:
        response = client.get(f"{DELIVERIES}?{query}")
        assert response.status_code == 200
        return {f"{row.event} {row.endpoint.pk}" for row in response.context["cl"].result_list}

    assert shown(f"endpoint__id__exact={other.pk}") == {f"order.placed {other.pk}"}
    assert shown(f"event=order.paid&endpoint__id__exact={endpoint.pk}") == {f"order.paid {endpoint.pk}"}
    assert f"order.placed {other.pk}" not in shown("state__exact=delivered")
    assert shown(f"q={delivery.webhook_id}") == {f"order.placed {endpoint.pk}", f"order.placed {other.pk}"}
    assert f"order.paid {endpoint.pk}" in shown(f"q={delivery.order.number}")
    assert shown("q=nothing") == set()


def test_the_log_costs_the_same_with_more_rows(endpoint, django_assert_num_queries):
    client = client_with(*EVERYTHING)
    delivered(endpoint)
    client.get(DELIVERIES)
    with CaptureQueriesContext(connection) as few:
        client.get(DELIVERIES)
    for _ in range(5):
        delivered_one = place()
        assert delivered_one.pk
    deliver_due()
    with django_assert_num_queries(len(few)):
        client.get(DELIVERIES)


def test_a_delivery_shows_its_attempts_and_escapes_what_the_server_wrote(endpoint, merchant):
    merchant.behaviour = answer(500, b"<script>alert(1)</script>")
    delivery = delivered(endpoint)
    text = client_with(*EVERYTHING).get(f"{DELIVERIES}{delivery.pk}/change/").text
    assert "&lt;script&gt;alert(1)" in text
    assert "<script>alert" not in text
    assert "answered 500" in text
    assert delivery.webhook_id in text
    assert "next attempt" in text
    assert "Resend webhook" not in text, "it is being retried"


def test_a_delivery_without_a_body_is_shown(endpoint):
    delivery = delivered(endpoint)
    anonymise_orders(orders=[delivery.order])
    text = client_with(*EVERYTHING).get(f"{DELIVERIES}{delivery.pk}/change/").text
    assert "removed with the shopper" in text
    assert "Resend webhook" not in text


def test_two_clicks_resend_once(endpoint, merchant):
    delivery = delivered(endpoint)
    client = client_with(*EVERYTHING)
    before = len(merchant.requests)
    assert "1 webhook is sent again" in resend(client, delivery).text
    deliver_due()
    assert "not sent twice" in resend(client, delivery).text
    deliver_due()
    assert len(merchant.requests) == before + 1


def test_a_selection_is_confirmed_and_resent(endpoint, merchant):
    place()
    deliver_due()
    client = client_with(*EVERYTHING)
    found = list(Delivery.objects.filter(state=State.DELIVERED)[:2])
    chosen = {"action": "resend_selected", "_selected_action": [str(each.pk) for each in found]}
    page = client.post(DELIVERIES, chosen).text
    assert all(f"{each.pk}:{each.sends}" in page for each in found)
    before = len(merchant.requests)
    assert "2 webhooks are sent again" in resend(client, *found).text
    deliver_due()
    assert len(merchant.requests) == before + 2


def test_a_selection_is_bounded(endpoint, monkeypatch):
    monkeypatch.setattr(page, "MOST_RESENT", 1)
    place()
    deliver_due()
    client = client_with(*EVERYTHING)
    found = list(Delivery.objects.all()[:2])
    chosen = {"action": "resend_selected", "_selected_action": [str(each.pk) for each in found]}
    assert "select at most 1" in client.post(DELIVERIES, chosen, follow=True).text
    resend(client, *found)
    assert Delivery.objects.filter(sends=2).count() == 1


def test_a_few_reasons_are_shown_of_many(endpoint):
    client = client_with(*EVERYTHING)
    values = [f"00000000-0000-0000-0000-{number:012}:1" for number in range(3)] + ["x"] * 2
    text = client.post(f"{DELIVERIES}resend/", {"delivery": values}, follow=True).text
    assert "does not exist any more. Nothing was sent. (3×)" in text
    assert "resend it there. (2×)" in text


@pytest.mark.parametrize("value", ["", "x", "x:1", "00000000-0000-0000-0000-000000000000:1", "0:\u00b2", ":" * 999])
def test_a_resend_of_nonsense_is_explained(endpoint, value):
    text = client_with(*EVERYTHING).post(f"{DELIVERIES}resend/", {"delivery": value}, follow=True).text
    assert "could not be read" in text or "does not exist" in text


def test_resending_needs_its_permission(endpoint):
    delivery = delivered(endpoint)
    client = client_with("view_delivery", "view_endpoint")
    assert resend(client, delivery).status_code == 403
    assert "Resend" not in client.get(f"{DELIVERIES}{delivery.pk}/change/").text
    assert client.get(f"{DELIVERIES}resend/").status_code in (403, 405)


@pytest.mark.parametrize("id_", ["x", "00000000-0000-0000-0000-000000000000", "1"])
def test_a_delivery_that_does_not_exist_is_not_found(id_):
    client = client_with(*EVERYTHING)
    assert client.get(f"{DELIVERIES}{id_}/change/").status_code == 404
