"""Guard of addresses: which URLs webhooks may be sent to, and which addresses their names may resolve to.

The name is resolved once. Every address that it resolves to must be public, and the request goes to one of these very
addresses, so a name that resolves differently a moment later leads nowhere else.
"""

import ipaddress
import queue
import re
import socket
import threading
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import urlsplit

from django.utils.translation import gettext as _

from extensions.webhooks import conf

Address = ipaddress.IPv4Address | ipaddress.IPv6Address

PORTS: Final = (443, 8443)
MOST_CHARACTERS: Final = 500
_MOST_ADDRESSES: Final = 16
_VISIBLE = re.compile(r"[\x21-\x7e]+")
_LABEL = re.compile(r"(?!-)[a-z0-9-]{1,63}(?<!-)")
#: IANA's special-purpose blocks, which releases of Python know in part, and Azure's host agent.
_SPECIAL_IPV4 = tuple(
    ipaddress.IPv4Network(block)
    for block in (
        "0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "168.63.129.16/32", "169.254.0.0/16",
        "172.16.0.0/12", "192.0.0.0/24", "192.0.2.0/24", "192.31.196.0/24", "192.52.193.0/24", "192.88.99.0/24",
        "192.168.0.0/16", "192.175.48.0/24", "198.18.0.0/15", "198.51.100.0/24", "203.0.113.0/24", "224.0.0.0/3",
    )
)  # fmt: skip
#: All other addresses of IPv6 are local, mapped, translated (NAT64) or unassigned.
_GLOBAL_UNICAST = ipaddress.IPv6Network("2000::/3")
#: Teredo and other protocols, documentation, 6to4: they embed an IPv4 address, or belong to nobody.
_SPECIAL_IPV6 = tuple(map(ipaddress.IPv6Network, ("2001::/23", "2001:db8::/32", "2002::/16", "3fff::/20")))


class TargetRefused(ValueError):
    """The URL is not allowed. The text says why, and what to write instead."""


class NameUnknown(OSError):
    """The name does not resolve, or not in time. It may do so later."""


@dataclass(frozen=True, kw_only=True)
class Target:
    """A URL that has passed the guard. `path` includes the query."""

    is_tls: bool
    host: str
    port: int
    path: str

    @property
    def authority(self) -> str:
        """The value of the Host header."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port == (443 if self.is_tls else 80) else f"{host}:{self.port}"


def parse(url: str) -> Target:
    """Raises `TargetRefused` for whatever is not a plain HTTPS URL of a host name."""
    if not isinstance(url, str) or len(url) > MOST_CHARACTERS or not _VISIBLE.fullmatch(url) or "\\" in url:
        raise TargetRefused(
            _("Use a URL of at most %(most)s ASCII characters without spaces. Write a name such as bücher.example in "
              "its ASCII form, which begins with xn--.") % {"most": MOST_CHARACTERS}
        )  # fmt: skip
    try:
        parts = urlsplit(url)
        host, port = (parts.hostname or "").removesuffix("."), parts.port
    except ValueError:
        raise TargetRefused(_("This is not a URL. Write one such as https://shop.example/webhooks.")) from None
    _check_form(url, parts, has_host=bool(host))
    is_tls = parts.scheme == "https"
    if not (_is_name(host) or _is_local(host)):
        raise TargetRefused(_("Use a host name such as shop.example. IP addresses and local names are not allowed."))
    path = f"{parts.path or '/'}{'?' + parts.query if parts.query else ''}"
    target = Target(is_tls=is_tls, host=host, port=(443 if is_tls else 80) if port is None else port, path=path)
    if target.port not in PORTS and not conf.current.is_local:
        raise TargetRefused(_("Use port 443 or 8443; other ports are not allowed."))
    return target


def _check_form(url: str, parts: Any, *, has_host: bool) -> None:
    if parts.scheme != "https" and not (parts.scheme == "http" and conf.current.is_local):
        raise TargetRefused(_("Use a URL that begins with https://. Events are not sent without encryption."))
    if "@" in parts.netloc:
        raise TargetRefused(_("Remove the user name and password from the URL; the signature proves who sends."))
    if "#" in url or not has_host:
        raise TargetRefused(_("Use a URL with a host name and without a fragment (#)."))


def addresses_of(target: Target, *, seconds: float) -> list[str]:
    """Resolve the name, once. Raises `NameUnknown`, and `TargetRefused` if any of its addresses is not public."""
    found = list(dict.fromkeys(_resolve(target, seconds=seconds)))[:_MOST_ADDRESSES]
    if not found:
        raise NameUnknown(_("The name %(host)s has no address.") % {"host": target.host})
    for text in found:
        if not is_allowed(text):
            raise TargetRefused(
                _("%(host)s resolves to %(address)s, which is not a public address. Use a server on the internet.")
                % {"host": target.host, "address": text}
            )
    return found


def is_allowed(text: str) -> bool:
    """Whether a request may go to this address. Anything that cannot be read as one may not."""
    try:
        address = ipaddress.ip_address(text)
    except ValueError:
        return False
    return is_public(address) or (conf.current.is_local and address.is_loopback)


def is_public(address: Address) -> bool:
    """Whether it is a unicast address of the internet that embeds no other one."""
    if address.is_multicast or address.is_reserved or address.is_unspecified or not address.is_global:
        return False
    if isinstance(address, ipaddress.IPv4Address):
        return not any(address in network for network in _SPECIAL_IPV4)
    is_unicast = address in _GLOBAL_UNICAST and address.scope_id is None
    return is_unicast and not any(address in network for network in _SPECIAL_IPV6)


def _is_name(host: str) -> bool:
    """At least two labels; the last is not a number, as in 127.1 or 0x7f.1, which resolvers read as addresses."""
    labels = host.split(".")
    is_number = re.fullmatch(r"\d+|0x[0-9a-f]*", labels[-1])
    return len(host) <= 253 and len(labels) > 1 and all(map(_LABEL.fullmatch, labels)) and not is_number


def _is_local(host: str) -> bool:
    return conf.current.is_local and (host == "localhost" or is_allowed(host))


def _resolve(target: Target, *, seconds: float) -> Sequence[str]:
    """`getaddrinfo` has no timeout, so it runs in a thread that is left behind if it takes too long."""
    answers: queue.Queue[list[str] | Exception] = queue.Queue()

    def ask() -> None:
        try:
            found = socket.getaddrinfo(target.host, target.port, type=socket.SOCK_STREAM)
            answers.put([str(each[4][0]) for each in found])
        except Exception as error:
            answers.put(error)

    threading.Thread(target=ask, name="webhook-name", daemon=True).start()
    try:
        answer = answers.get(timeout=max(seconds, 0.001))
    except queue.Empty:
        answer = TimeoutError()
    if isinstance(answer, Exception):
        raise NameUnknown(
            _("The name %(host)s cannot be resolved. Check its spelling.") % {"host": target.host}
        ) from answer
    return answer
