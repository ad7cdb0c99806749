"""SITE_URL: the shop's public address, and the hosts and origins that follow from it."""

import pytest
from django.core.exceptions import ImproperlyConfigured

from config.parts import addresses


@pytest.fixture(autouse=True)
def _nothing_set(monkeypatch):
    for name in ("SITE_URL", "ALLOWED_HOSTS", "CSRF_TRUSTED_ORIGINS"):
        monkeypatch.delenv(name, raising=False)


def test_without_an_address_the_shop_is_on_this_machine():
    assert addresses.site_url(port=8010) == "http://localhost:8010"
    hosts, origins = addresses.hosts_and_origins("http://localhost:8010")
    assert (hosts, origins) == (["localhost", "127.0.0.1", "[::1]"], ["http://localhost:8010"])


@pytest.mark.parametrize(
    ("given", "url", "host", "origin"),
    [
        ("https://shop.example/", "https://shop.example", "shop.example", "https://shop.example"),
        ("https://Shop.example:8443", "https://Shop.example:8443", "shop.example", "https://Shop.example:8443"),
        ("http://[2001:db8::1]:8000", "http://[2001:db8::1]:8000", "[2001:db8::1]", "http://[2001:db8::1]:8000"),
    ],
)
def test_host_and_origin_follow_from_the_address(monkeypatch, given, url, host, origin):
    monkeypatch.setenv("SITE_URL", given)
    assert addresses.site_url(port=8000) == url
    hosts, origins = addresses.hosts_and_origins(url)
    assert (hosts[0], origins) == (host, [origin])


def test_explicit_hosts_and_origins_come_first(monkeypatch):
    monkeypatch.setenv("ALLOWED_HOSTS", "a.example, b.example,")
    monkeypatch.setenv("CSRF_TRUSTED_ORIGINS", "https://a.example")
    hosts, origins = addresses.hosts_and_origins("https://shop.example")
    assert (hosts, origins) == (["a.example", "b.example"], ["https://a.example"])


@pytest.mark.parametrize(
    "url", ["shop.example", "ftp://shop.example", "https://", "https://a@shop.example", "https://shop.example/?a=1"]
)
def test_another_text_stops_the_start_with_a_sentence(monkeypatch, url):
    monkeypatch.setenv("SITE_URL", url)
    with pytest.raises(ImproperlyConfigured, match=r"SITE_URL is .*; it must be the shop's public address"):
        addresses.site_url(port=8000)
