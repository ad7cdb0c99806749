"""Who sends a request: the client's address behind trusted proxies, and what counts as one client."""

from collections.abc import Callable
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network

from django.conf import settings
from django.http import HttpRequest, HttpResponseBase
from rest_framework.request import Request

#: No real chain of proxies is longer.
_MOST_HOPS = 20
#: What a provider gives to one customer.
_IPV6_PREFIX = 64
_FORWARDED = ("HTTP_X_FORWARDED_FOR", "HTTP_X_FORWARDED_PROTO", "HTTP_X_FORWARDED_HOST", "HTTP_X_FORWARDED_PORT")


class ClientMiddleware:
    """Sets `REMOTE_ADDR` to the client's address, and removes forwarding headers that no trusted proxy has sent."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        peer = request.META.get("REMOTE_ADDR", "")
        if _is_trusted(_parsed(peer)):
            request.META["REMOTE_ADDR"] = _client(peer, request.META.get("HTTP_X_FORWARDED_FOR", ""))
        else:
            for header in _FORWARDED:
                request.META.pop(header, None)
        return self.get_response(request)


def network_of(request: HttpRequest | Request) -> str | None:
    """The client's IPv4 address, or its IPv6 network, as a customer has 2⁶⁴ addresses. None if it has neither."""
    address = _parsed(request.META.get("REMOTE_ADDR", ""))
    if isinstance(address, IPv6Address):
        return str(ip_network((address, _IPV6_PREFIX), strict=False).network_address)
    return str(address) if address else None


def client_of(request: HttpRequest | Request) -> str:
    """The account of a user who is signed in, from whatever network; for everybody else the network."""
    return f"account {request.user.pk}" if request.user.is_authenticated else network_of(request) or "unknown"


def _client(peer: str, forwarded_for: str) -> str:
    """The right-most address that is not a trusted proxy's: each proxy appends its peer, and the rest can be forged."""
    known = peer
    for hop in reversed(forwarded_for.rsplit(",", _MOST_HOPS)[-_MOST_HOPS:]):
        address = _parsed(_without_port(hop.strip()))
        if address is None:
            break
        known = str(address)
        if not _is_trusted(address):
            break
    return known


def _without_port(hop: str) -> str:
    """Some proxies write `192.0.2.1:4711` or `[2001:db8::1]:4711`."""
    if hop.startswith("["):
        return hop[1:].partition("]")[0]
    return hop.partition(":")[0] if hop.count(":") == 1 else hop


def _parsed(text: str) -> IPv4Address | IPv6Address | None:
    try:
        address = ip_address(text)
    except ValueError:
        return None
    return getattr(address, "ipv4_mapped", None) or address


def _is_trusted(address: IPv4Address | IPv6Address | None) -> bool:
    return address is not None and any(address in network for network in settings.CONVEYOR_TRUSTED_PROXIES)
