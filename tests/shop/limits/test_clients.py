"""The client behind trusted proxies: nobody can claim to be somebody else, and no header breaks a request."""

from ipaddress import ip_network
from typing import Any

import pytest
from django.contrib.auth.models import AnonymousUser
from django.http import HttpResponse
from django.test import RequestFactory

from shop.limits.clients import ClientMiddleware, client_of, network_of
from shop.models import User

PROXY = "10.0.0.1"


@pytest.fixture(autouse=True)
def _proxies(settings):
    settings.CONVEYOR_TRUSTED_PROXIES = (ip_network("10.0.0.0/8"), ip_network("fd00::/8"))


def seen(peer: str, **headers: str) -> Any:
    """The request as the rest of the shop sees it."""
    found = []

    def view(request):
        found.append(request)
        return HttpResponse()

    request = RequestFactory().get("/", REMOTE_ADDR=peer, headers=headers)
    request.user = AnonymousUser()
    ClientMiddleware(view)(request)
    return found[0]


def address(peer: str, forwarded_for: str) -> str:
    return str(seen(peer, **{"X-Forwarded-For": forwarded_for}).META["REMOTE_ADDR"])


@pytest.mark.parametrize(
    ("forwarded_for", "client"),
    [
        ("192.0.2.7", "192.0.2.7"),
        ("198.51.100.1, 192.0.2.7", "192.0.2.7"),  # the left one is what the client said
        ("192.0.2.7, 10.9.9.9", "192.0.2.7"),
        ("192.0.2.7,10.9.9.9 , fd00::2", "192.0.2.7"),
        ("192.0.2.7:4711", "192.0.2.7"),
        ("[2001:db8::1]:4711", "2001:db8::1"),
        ("2001:db8::1", "2001:db8::1"),
        ("::ffff:192.0.2.7", "192.0.2.7"),
        ("10.1.1.1", "10.1.1.1"),
        ("", PROXY),
        ("unknown", PROXY),
        ("192.0.2.7, unknown", PROXY),
        ("é, [::, ,", PROXY),
        ("1," * 3000 + "192.0.2.7", "192.0.2.7"),
        ("192.0.2.7" + ", 10.0.0.2" * 100, "10.0.0.2"),
    ],
)
def test_the_client_is_the_right_most_address_that_is_not_a_proxy(forwarded_for, client):
    assert address(PROXY, forwarded_for) == client


@pytest.mark.parametrize("peer", ["192.0.2.9", "", "unix:", "2001:db8::9"])
def test_who_is_no_proxy_cannot_name_another_address(peer):
    assert address(peer, "192.0.2.7") == peer


def test_only_a_proxy_says_that_a_request_is_encrypted(settings):
    settings.SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
    assert seen(PROXY, **{"X-Forwarded-Proto": "https"}).is_secure()
    assert not seen("192.0.2.9", **{"X-Forwarded-Proto": "https"}).is_secure()


@pytest.mark.parametrize(
    ("peer", "network"),
    [
        ("192.0.2.9", "192.0.2.9"),
        ("::ffff:192.0.2.9", "192.0.2.9"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::"),
        ("fe80::1%eth0", "fe80::"),
        ("", None),
        ("unix:", None),
    ],
)
def test_a_customer_has_one_network(peer, network):
    assert network_of(seen(peer)) == network


def test_who_is_signed_in_is_the_account_wherever_they_are():
    requests = [seen(peer) for peer in ("192.0.2.9", "192.0.2.10")]
    assert client_of(requests[0]) != client_of(requests[1])
    for request in requests:
        request.user = User(pk=7)
    assert client_of(requests[0]) == client_of(requests[1]) == "account 7"
