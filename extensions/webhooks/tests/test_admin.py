"""Admin pages of webhooks: who may do what, what is shown to whom, and clicks that send once."""

import socket

import pytest
from django.contrib.auth.models import Group
from django.core.management import call_command
from django.db import connection
from django.test.utils import CaptureQueriesContext

from extensions.webhooks import endpoints
from extensions.webhooks.admin import deliveries as page
from extensions.webhooks.events import TYPES
from extensions.webhooks.models import Attempt, Delivery, Endpoint, State
from extensions.webhooks.tests.merchant import answer
from messaging.operations.models import AuditEntry
from orders.services import anonymise_order
from tests.delivery import deliver_due
from tests.factories import client_with, place

pytestmark = pytest.mark.django_db(transaction=True)
ENDPOINTS, DELIVERIES = "/admin/webhooks/endpoint/", "/admin/webhooks/delivery/"
EVERYTHING = ("view_endpoint", "add_endpoint", "change_endpoint", "delete_endpoint", "view_delivery", "resend_delivery")


@pytest.fixture
def public_names(monkeypatch) -> None:
    found = [(socket.AF_INET, socket.SOCK_STREAM, 6, "", ("93.184.215.14", 443))]
    monkeypatch.setattr(socket, "getaddrinfo", lambda *args, **options: found)


def form(**changes: object) -> dict[str, object]:
    return {
        "url": "https://shop.example/hooks",
        "description": "Shop",
        "events": ["order.paid"],
        "is_active": "on",
        **changes,
    }


def delivered(endpoint: Endpoint) -> Delivery:
    place()
    deliver_due()
    return Delivery.objects.get(event="order.placed", endpoint=endpoint)


def resend(client, *deliveries: Delivery):
    values = [f"{delivery.pk}:{delivery.sends}" for delivery in deliveries]
    return client.post(f"{DELIVERIES}resend/", {"delivery": values}, follow=True)


def test_an_endpoint_is_added_changed_and_audited(public_names):
    client = client_with(*EVERYTHING)
    response = client.post(f"{ENDPOINTS}add/", form(), follow=True)
    assert "Show its secret" in response.text
    endpoint = Endpoint.objects.get()
    assert (endpoint.events, endpoint.is_active) == (["order.paid"], True)
    assert endpoint.secret.startswith("whsec_")
    Endpoint.objects.update(failing=9, off_reason="gone")
    client.post(f"{ENDPOINTS}{endpoint.pk}/change/", form(is_active=""))
    endpoint.refresh_from_db()
    assert (endpoint.is_active, endpoint.failing, endpoint.off_reason) == (False, 0, "")
    assert endpoint.secret == Endpoint.objects.get().secret
    entries = AuditEntry.objects.filter(action=endpoints.SAVE).order_by("id")
    assert [entry.data["changed"] for entry in entries] == [["url", "description", "events"], ["is_active"]]


@pytest.mark.parametrize(
    ("url", "sentence"),
    [
        ("http://shop.example/", "begins with https://"),
        ("https://10.0.0.1/", "IP addresses and local names are not allowed"),
        ("https://u:p@shop.example/", "Remove the user name and password"),
        ("https://shop.example:22/", "port 443 or 8443"),
        ("https://b\u00fccher.example/", "begins with xn--"),
    ],
)
def test_a_wrong_url_is_explained(public_names, url, sentence):
    response = client_with(*EVERYTHING).post(f"{ENDPOINTS}add/", form(url=url))
    assert sentence in response.text
    assert not Endpoint.objects.exists()


def test_a_name_that_leads_into_a_private_network_is_not_saved(monkeypatch):
    found = [(socket.AF_INET, socket.SOCK_STREAM, 6, "", ("169.254.169.254", 443))]
    monkeypatch.setattr(socket, "getaddrinfo", lambda *args, **options: found)
    response = client_with(*EVERYTHING).post(f"{ENDPOINTS}add/", form())
    assert "resolves to 169.254.169.254, which is not a public address" in response.text
    assert not Endpoint.objects.exists()


@pytest.mark.parametrize("events", [[], ["order.stolen"]])
def test_unknown_event_types_are_not_saved(public_names, events):
    assert client_with(*EVERYTHING).post(f"{ENDPOINTS}add/", form(events=events)).status_code == 200
    assert not Endpoint.objects.exists()


def test_one_endpoint_too_many_is_explained(public_names, monkeypatch):
    monkeypatch.setattr(endpoints, "MOST", 0)
    response = client_with(*EVERYTHING).post(f"{ENDPOINTS}add/", form())
    assert "which is the most" in response.text


def test_two_who_add_the_last_endpoint_at_once_get_a_sentence(public_names, monkeypatch):
    def full(**options):
        raise endpoints.TooMany("There are too many.")

    monkeypatch.setattr(endpoints, "save", full)
    response = client_with(*EVERYTHING).post(f"{ENDPOINTS}add/", form(), follow=True)
    assert "There are too many." in response.text


def test_the_secret_is_shown_on_demand_only_and_that_is_audited(endpoint):
    client = client_with(*EVERYTHING)
    for address in (ENDPOINTS, f"{ENDPOINTS}{endpoint.pk}/change/"):
        assert endpoint.secret not in client.get(address).text
    response = client.post(f"{ENDPOINTS}{endpoint.pk}/secret/")
    assert endpoint.secret in response.text
    assert "no-store" in response["Cache-Control"]
    assert AuditEntry.objects.filter(action=endpoints.REVEAL).count() == 1
    assert client.get(f"{ENDPOINTS}{endpoint.pk}/secret/").status_code == 405


def test_a_secret_is_rotated_once(endpoint):
    client = client_with(*EVERYTHING)
    first = client.post(f"{ENDPOINTS}{endpoint.pk}/rotate/", follow=True)
    assert "both secrets sign" in first.text
    new = Endpoint.objects.get().secret
    second = client.post(f"{ENDPOINTS}{endpoint.pk}/rotate/", follow=True)
    assert "rotated already" in second.text
    assert Endpoint.objects.get().secret == new != endpoint.secret
    assert "signs as well until" in client.post(f"{ENDPOINTS}{endpoint.pk}/secret/").text


def test_a_test_event_is_sent(endpoint, merchant):
    client = client_with(*EVERYTHING)
    response = client.post(f"{ENDPOINTS}{endpoint.pk}/test/", follow=True)
    assert "on its way" in response.text
    assert "waiting already" in client.post(f"{ENDPOINTS}{endpoint.pk}/test/", follow=True).text
    deliver_due()
    (event,) = merchant.verified(endpoint)
    assert event["type"] == "webhook.test"
    assert "webhook.test" in client.get(DELIVERIES).text


@pytest.mark.parametrize("verb", ["test", "secret", "rotate"])
def test_who_may_only_look_can_do_nothing(endpoint, verb):
    client = client_with("view_endpoint", "view_delivery")
    assert client.post(f"{ENDPOINTS}{endpoint.pk}/{verb}/").status_code == 403
    text = client.get(f"{ENDPOINTS}{endpoint.pk}/change/").text
    assert endpoint.host in text
    assert "hooks?shop=1" not in text
    assert "Show secret" not in text


def test_who_may_not_look_sees_nothing(endpoint):
    client = client_with()
    for address in (ENDPOINTS, f"{ENDPOINTS}{endpoint.pk}/change/", DELIVERIES, f"{ENDPOINTS}add/"):
        assert client.get(address).status_code == 403


def test_only_an_endpoint_without_deliveries_is_deleted(endpoint):
    client = client_with(*EVERYTHING)
    delivery = delivered(endpoint)
    assert client.post(f"{ENDPOINTS}{endpoint.pk}/delete/", {"post": "yes"}).status_code == 403
    Attempt.objects.all().delete()
    Delivery.objects.all().delete()
    assert client.post(f"{ENDPOINTS}{endpoint.pk}/delete/", {"post": "yes"}).status_code == 302
    assert not Endpoint.objects.exists()
    assert AuditEntry.objects.filter(action=endpoints.DELETE).count() == 1
    assert delivery.pk


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
    anonymise_order(order=delivery.order)
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


def test_operators_may_act_and_support_may_look():
    call_command("seed_demo", verbosity=0)
    granted = {
        name: set(
            Group.objects.get(name=name)
            .permissions.filter(content_type__app_label="webhooks")
            .values_list("codename", flat=True)
        )
        for name in ("Operators", "Support")
    }
    assert granted == {"Operators": set(EVERYTHING), "Support": {"view_endpoint", "view_delivery"}}


def test_all_types_are_offered():
    text = client_with(*EVERYTHING).get(f"{ENDPOINTS}add/").text
    assert all(each in text for each in TYPES)
