"""Pages of endpoints: who may do what, what is shown to whom, and what a wrong URL is answered."""

import socket
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from functools import partial

import pytest
from django.contrib.auth.models import Group
from django.core.management import call_command
from django.db import connection, transaction
from django.db.models import F
from django.utils import timezone

from extensions.webhooks import endpoints
from extensions.webhooks.events import TYPES
from extensions.webhooks.models import Attempt, Delivery, Endpoint
from messaging.operations.models import AuditEntry
from messaging.operations.permissions import Actor
from tests.delivery import deliver_due
from tests.factories import client_with, place
from tests.races import at_once, meanwhile

pytestmark = pytest.mark.django_db(transaction=True)
ENDPOINTS, DELIVERIES = "/admin/webhooks/endpoint/", "/admin/webhooks/delivery/"
EVERYTHING = ("view_endpoint", "add_endpoint", "change_endpoint", "delete_endpoint", "view_delivery", "resend_delivery")


def delivered(endpoint: Endpoint) -> Delivery:
    place()
    deliver_due()
    return Delivery.objects.get(event="order.placed", endpoint=endpoint)


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


@pytest.mark.parametrize(
    "lookup", ["secret__startswith", "secret__gt", "previous_secret__regex", "url__contains", "secret"]
)
def test_a_viewer_cannot_guess_what_the_list_hides(endpoint, lookup):
    client = client_with("view_endpoint")
    assert client.get(ENDPOINTS).status_code == 200
    assert client.get(ENDPOINTS, {lookup: "whsec_"}).status_code == 400


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


def test_two_clicks_add_one_endpoint(public_names):
    client = client_with(*EVERYTHING)
    responses = [client.post(f"{ENDPOINTS}add/", form()) for _click in range(2)]
    assert [response.url for response in responses] == [f"{ENDPOINTS}{Endpoint.objects.get().pk}/change/"] * 2
    client.post(f"{ENDPOINTS}add/", form(events=["order.shipped"]))
    assert Endpoint.objects.count() == 2
    Endpoint.objects.update(created_at=timezone.now() - timedelta(minutes=2))
    client.post(f"{ENDPOINTS}add/", form())
    assert Endpoint.objects.count() == 3


def test_clicks_at_once_add_one_endpoint(public_names):
    client = client_with(*EVERYTHING)
    assert at_once(*[partial(client.post, f"{ENDPOINTS}add/", form())] * 3) == [None] * 3
    assert Endpoint.objects.count() == AuditEntry.objects.filter(action=endpoints.SAVE).count() == 1


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


def test_a_page_opened_before_an_endpoint_was_turned_off_does_not_turn_it_on(public_names, endpoint):
    client, page = client_with(*EVERYTHING), f"{ENDPOINTS}{endpoint.pk}/change/"
    seen = client.get(page).context["adminform"].form["seen"].value()
    Endpoint.objects.update(is_active=False, off_reason="answered 410")
    assert "Somebody changed it after you opened this page." in client.post(page, form(seen=seen)).text
    endpoint.refresh_from_db()
    assert (endpoint.is_active, endpoint.off_reason) == (False, "answered 410")


def test_the_page_says_which_addresses_are_allowed(options):
    client = client_with("add_endpoint", "view_endpoint")
    for is_local, sentence in ((False, "An https:// address on port 443 or 8443"), (True, "also of this machine")):
        options(is_local=is_local)
        assert sentence in client.get(f"{ENDPOINTS}add/").content.decode()


def test_a_name_that_leads_into_a_private_network_is_not_saved(monkeypatch):
    found = [(socket.AF_INET, socket.SOCK_STREAM, 6, "", ("169.254.169.254", 443))]
    monkeypatch.setattr(socket, "getaddrinfo", lambda *args, **options: found)
    response = client_with(*EVERYTHING).post(f"{ENDPOINTS}add/", form())
    assert "resolves to 169.254.169.254, which is not a public address" in response.text
    assert not Endpoint.objects.exists()


def test_an_endpoint_whose_name_is_gone_is_turned_off(endpoint, options, monkeypatch):
    def unknown(*args, **settings):
        raise socket.gaierror("Name or service not known")

    Endpoint.objects.update(url="https://gone.example/hooks")
    options()
    client, page = client_with(*EVERYTHING), f"{ENDPOINTS}{endpoint.pk}/change/"
    values = form(url="https://gone.example/hooks", seen=client.get(page).context["adminform"].form["seen"].value())
    del values["is_active"]
    monkeypatch.setattr(socket, "getaddrinfo", unknown)
    assert client.post(page, values).status_code == 302
    endpoint.refresh_from_db()
    assert not endpoint.is_active
    seen = client.get(page).context["adminform"].form["seen"].value()
    assert "cannot be resolved" in client.post(page, values | {"url": "https://new.example/", "seen": seen}).text


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


@pytest.mark.parametrize("verb", ["test", "rotate"])
def test_an_endpoint_that_is_deleted_meanwhile_is_not_found(endpoint, verb):
    client = client_with(*EVERYTHING)
    with meanwhile(Endpoint.objects.all().delete, table="webhooks_endpoint"):
        assert client.post(f"{ENDPOINTS}{endpoint.pk}/{verb}/").status_code == 404


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
    assert client.post(f"{ENDPOINTS}{endpoint.pk}/delete/", {"post": "yes"}).status_code == 403
    Endpoint.objects.update(is_active=False)
    assert client.post(f"{ENDPOINTS}{endpoint.pk}/delete/", {"post": "yes"}).status_code == 302
    assert not Endpoint.objects.exists()
    assert AuditEntry.objects.filter(action=endpoints.DELETE).count() == 1
    assert delivery.pk


@pytest.mark.skipif(connection.vendor != "postgresql", reason="SQLite has one writer at a time")
def test_an_endpoint_that_gets_events_is_not_deleted_under_an_order(endpoint):
    """The order has read its endpoints, and names them at its end: the foreign key would fail the order itself."""
    client = client_with(*EVERYTHING)
    with transaction.atomic(), ThreadPoolExecutor(1) as pool:
        place()
        off = form(url=endpoint.url, events=endpoint.events, is_active="")
        steps = [partial(client.post, f"{ENDPOINTS}{endpoint.pk}/change/", off)]
        steps += [partial(client.post, f"{ENDPOINTS}{endpoint.pk}/delete/", {"post": "yes"})]
        for step in steps:
            assert pool.submit(at_once, step).result() == [None]
    assert Delivery.objects.filter(endpoint=endpoint).exists()
    assert not Endpoint.objects.get().is_active


def test_an_endpoint_is_deleted_once_it_has_been_off_for_a_while(public_names, endpoint):
    client = client_with(*EVERYTHING)
    change, delete = (f"{ENDPOINTS}{endpoint.pk}/{verb}/" for verb in ("change", "delete"))
    assert client.post(change, form(is_active="")).status_code == 302
    for passed in (timedelta(0), endpoints.DELETABLE_AFTER / 2):
        Endpoint.objects.update(off_at=F("off_at") - passed)
        assert client.post(delete, {"post": "yes"}).status_code == 403
    assert client.post(change, form(is_active="", description="Old shop")).status_code == 302
    Endpoint.objects.update(off_at=F("off_at") - endpoints.DELETABLE_AFTER / 2)
    assert client.post(delete, {"post": "yes"}).status_code == 302
    assert not Endpoint.objects.exists()


def test_an_endpoint_that_was_never_on_is_deleted_at_once(public_names):
    client = client_with(*EVERYTHING)
    client.post(f"{ENDPOINTS}add/", form(is_active=""))
    endpoint = Endpoint.objects.get()
    assert client.post(f"{ENDPOINTS}{endpoint.pk}/delete/", {"post": "yes"}).status_code == 302


def test_a_delivery_that_comes_before_the_deletion_keeps_the_endpoint(endpoint):
    delivery = delivered(endpoint)
    Endpoint.objects.update(is_active=False)
    assert not endpoints.delete(endpoint=endpoint, actor=Actor.system("ann"))
    assert Delivery.objects.filter(pk=delivery.pk).exists()
    assert not AuditEntry.objects.filter(action=endpoints.DELETE).exists()


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
