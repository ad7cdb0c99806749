"""Every client of these tests comes through one proxy."""

from ipaddress import ip_network

import pytest

from shop.limits import counters


@pytest.fixture(autouse=True)
def _behind_a_proxy(settings):
    settings.CONVEYOR_TRUSTED_PROXIES = (ip_network("127.0.0.1"),)


@pytest.fixture(autouse=True)
def _healthy_cache(monkeypatch):
    monkeypatch.setattr(counters._outage, "until", 0.0)
