"""`HOST` and `CONVEYOR_TRUSTED_PROXIES`: what they accept, and who is trusted by default."""

import pytest
from django.core.exceptions import ImproperlyConfigured

from config import env, processes


@pytest.fixture(autouse=True)
def _unset(monkeypatch):
    for name in ("HOST", "CONVEYOR_TRUSTED_PROXIES"):
        monkeypatch.delenv(name, raising=False)


def trusted(*, https: bool = False) -> list[str]:
    return [str(network) for network in env.trusted_proxies(https=https)]


def test_nobody_is_trusted_unless_https_says_that_there_is_a_proxy():
    assert trusted() == []
    assert trusted(https=True) == ["127.0.0.0/8", "::1/128"]


def test_addresses_and_networks_are_trusted(monkeypatch):
    monkeypatch.setenv("CONVEYOR_TRUSTED_PROXIES", "10.0.0.0/8, 192.0.2.7,2001:db8::/32,")
    assert trusted(https=True) == ["10.0.0.0/8", "192.0.2.7/32", "2001:db8::/32"]


@pytest.mark.parametrize("value", ["proxy.example", "10.0.0.0/99", "*", "1.2.3.4;5.6.7.8", "é"])
def test_anything_else_stops_the_start(value, monkeypatch):
    monkeypatch.setenv("CONVEYOR_TRUSTED_PROXIES", value)
    with pytest.raises(ImproperlyConfigured, match="CONVEYOR_TRUSTED_PROXIES is "):
        trusted()


def test_a_server_that_others_reach_has_to_name_its_proxies(monkeypatch):
    """Otherwise every request would look unencrypted, and be redirected for ever."""
    monkeypatch.setenv("HOST", "0.0.0.0")  # noqa: S104 - what a container does
    assert trusted() == []
    with pytest.raises(ImproperlyConfigured, match="CONVEYOR_TRUSTED_PROXIES is not set; CONVEYOR_HTTPS=1"):
        trusted(https=True)


@pytest.mark.parametrize(("value", "listens"), [("", "127.0.0.1"), ("0.0.0.0", "0.0.0.0"), ("::", "::")])  # noqa: S104
def test_the_web_server_listens_on_host(value, listens, monkeypatch):
    monkeypatch.setenv("HOST", value)
    command = processes.web().command
    assert command[command.index("--host") + 1] == listens


def test_a_host_that_is_no_address_stops_the_start(monkeypatch):
    monkeypatch.setenv("HOST", "shop.example")
    with pytest.raises(ImproperlyConfigured, match="HOST is 'shop"):
        processes.web()
