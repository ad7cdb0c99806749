"""The guard of addresses: only public ones, by HTTPS, whatever the URL looks like and its name resolves to."""

import ipaddress
import socket
import threading

import pytest
from hypothesis import given
from hypothesis import strategies as st

from extensions.webhooks import targets
from extensions.webhooks.targets import NameUnknown, Target, TargetRefused

NOT_PUBLIC = [
    "0.0.0.0", "0.1.2.3",  # noqa: S104 - refused
    "10.0.0.1", "100.64.0.1", "100.100.100.200", "127.0.0.1", "127.255.255.254",
    "168.63.129.16", "169.254.169.254", "172.16.0.1", "172.31.255.255", "192.0.0.192", "192.0.2.1", "192.88.99.1",
    "192.168.1.1", "198.18.0.1", "198.51.100.1", "203.0.113.1", "224.0.0.1", "224.0.1.1", "239.1.1.1", "240.0.0.1",
    "255.255.255.255", "::", "::1", "::127.0.0.1", "::ffff:127.0.0.1", "::ffff:8.8.8.8", "64:ff9b::7f00:1",
    "64:ff9b::808:808", "64:ff9b:1::1", "100::1", "2001::1", "2001:db8::1", "2002:7f00:1::1", "2002:808:808::1",
    "3fff::1", "5f00::1", "fc00::1", "fd00:ec2::254", "fe80::1", "fe80::1%eth0", "fec0::1", "ff02::1", "ff0e::1",
    "2606:4700::1%eth0", "", "localhost", "1", "8.8.8.8 ", "0x7f000001",
]  # fmt: skip
PUBLIC = ["8.8.8.8", "1.1.1.1", "93.184.215.14", "2606:4700:4700::1111", "2a00:1450:4001::200e"]

REFUSED = [
    "http://shop.example/", "ftp://shop.example/", "//shop.example/", "shop.example", "https://", "https:///path",
    "https://user@shop.example/", "https://user:pw@shop.example/", "https://@shop.example/", "https://:@shop.example/",
    "https://shop.example@127.0.0.1/", "https://shop.example\\@127.0.0.1/", "https://127.0.0.1/", "https://127.1/",
    "https://2130706433/", "https://0x7f000001/", "https://0x7f.1/", "https://0177.0.0.1/", "https://8.8.8.8/",
    "https://[::1]/", "https://[::ffff:127.0.0.1]/", "https://[2606:4700::1]/", "https://[::1",
    "https://[fe80::1%25eth0]/",
    "https://localhost/", "https://localhost./", "https://intranet/", "https://shop.example:80/",
    "https://shop.example:22/", "https://shop.example:0/", "https://shop.example:99999/", "https://shop.example:x/",
    "https://shop.example/#fragment",
    "https://shop.example/#", "https://shop.example/a b", "https://shop.example/\r\nX: y",
    "https://shop.example/\t", " https://shop.example/", "https://shop.example/ ", "https://shop%2eexample/",
    "https://b\u00fccher.example/", "https://shop\u3002example/", "https://\u2460.example/", "https://-shop.example/",
    "https://shop_1.example/", "https://.shop.example/", "https://shop..example/", "https://shop.example../",
    f"https://{'a' * 64}.example/", f"https://{'a.' * 130}example/", "https://shop.example/" + "a" * 500,
    "javascript:alert(1)", "", "\x00", "https://shop.example/\x00", "gopher://shop.example/", "HTTPS//x",
]  # fmt: skip


def names(monkeypatch, *addresses: str) -> None:
    found = [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, 443)) for address in addresses]
    monkeypatch.setattr(socket, "getaddrinfo", lambda *args, **options: found)


@pytest.mark.parametrize("address", NOT_PUBLIC)
def test_no_request_may_go_to(address):
    assert not targets.is_allowed(address)


@pytest.mark.parametrize("address", PUBLIC)
def test_public_addresses_are_allowed(address):
    assert targets.is_allowed(address)


@pytest.mark.parametrize("address", ["10.0.0.1", "169.254.169.254", "0.1.2.3", "::", "fd00:ec2::254"])
def test_local_mode_allows_loopback_alone(options, address):
    options(is_local=True)
    assert targets.is_allowed("127.0.0.1")
    assert targets.is_allowed("::1")
    assert not targets.is_allowed(address)


@pytest.mark.parametrize("url", REFUSED)
def test_a_url_is_refused_with_a_sentence(url):
    with pytest.raises(TargetRefused, match=r"^[A-Z].* .*\.$"):
        targets.parse(url)


def test_a_url_is_read_as_it_is_requested():
    target = targets.parse("https://Shop.Example:8443/hooks?token=1")
    assert target == Target(is_tls=True, host="shop.example", port=8443, path="/hooks?token=1")
    assert target.authority == "shop.example:8443"
    assert targets.parse("https://xn--bcher-kva.example").path == "/"


def test_one_private_address_among_public_ones_is_enough_to_refuse(monkeypatch):
    names(monkeypatch, "8.8.8.8", "10.0.0.1")
    with pytest.raises(TargetRefused, match=r"shop.example resolves to 10.0.0.1, which is not a public address"):
        targets.addresses_of(targets.parse("https://shop.example/"), seconds=5)


def test_public_addresses_are_returned_once(monkeypatch):
    names(monkeypatch, "8.8.8.8", "8.8.8.8", "1.1.1.1")
    assert targets.addresses_of(targets.parse("https://shop.example/"), seconds=5) == ["8.8.8.8", "1.1.1.1"]


def test_a_name_without_an_address_is_unknown(monkeypatch):
    names(monkeypatch)
    with pytest.raises(NameUnknown, match="has no address"):
        targets.addresses_of(targets.parse("https://shop.example/"), seconds=5)


@pytest.mark.parametrize("error", [socket.gaierror(-2, "unknown"), UnicodeError("label too long"), RuntimeError()])
def test_whatever_the_resolver_raises_is_an_unknown_name(monkeypatch, error):
    def fail(*args, **options):
        raise error

    monkeypatch.setattr(socket, "getaddrinfo", fail)
    with pytest.raises(NameUnknown, match=r"shop.example cannot be resolved"):
        targets.addresses_of(targets.parse("https://shop.example/"), seconds=5)


def test_a_resolver_that_hangs_is_left_behind(monkeypatch):
    is_over = threading.Event()
    monkeypatch.setattr(socket, "getaddrinfo", lambda *args, **options: is_over.wait(20))
    with pytest.raises(NameUnknown):
        targets.addresses_of(targets.parse("https://shop.example/"), seconds=0.05)
    is_over.set()


@given(st.one_of(st.text(), st.from_regex(r"https?://[^/]*(:\d+)?/.*"), st.ip_addresses().map("https://{}/".format)))
def test_any_text_is_a_target_or_refused(url):
    try:
        target = targets.parse(url)
    except TargetRefused:
        return
    assert target.is_tls
    assert target.port in targets.PORTS
    assert "." in target.host
    with pytest.raises(ValueError, match="does not appear"):
        ipaddress.ip_address(target.host)
    assert f"{target.host}{target.path}".isascii()
    assert not set(f"{target.authority}{target.path}") & set("\r\n\t @\\#")


@given(st.ip_addresses(v=4))
def test_an_address_within_another_one_is_never_allowed(address):
    packed = int(address)
    for block in ("::", "::ffff:0:0", "64:ff9b::", "64:ff9b:1::"):
        assert not targets.is_public(ipaddress.IPv6Address(int(ipaddress.IPv6Address(block)) + packed))
    assert not targets.is_public(ipaddress.IPv6Address((0x2002 << 112) + (packed << 80) + 1))


@given(st.one_of(st.ip_addresses(), st.from_regex(r"[0-9a-fx.:%]{1,20}")))
def test_what_is_allowed_is_global_unicast(address):
    if targets.is_allowed(str(address)):
        found = ipaddress.ip_address(str(address))
        assert found.is_global
        assert not any([found.is_multicast, found.is_private, found.is_loopback, found.is_link_local])
