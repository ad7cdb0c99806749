"""TLS to the broker: its certificate and host name are checked unless the URL says otherwise.

kombu itself passes the options of a URL to the wrong place (amqps), or checks nothing without them (rediss).
"""

import ssl
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit

from django.core.exceptions import ImproperlyConfigured

_REQUIREMENTS = {"required": ssl.CERT_REQUIRED, "none": ssl.CERT_NONE}


def split(broker_url: str, *, ca_certs: str = "") -> tuple[str, dict[str, Any]]:
    """The URL without its `ssl_…` options, and kombu's `ssl` argument, which is empty without TLS.

    `ca_certs` is for URLs that name none; without either the system's CAs are trusted. Raises `ImproperlyConfigured`.
    """
    parts = urlsplit(broker_url)
    query = dict(parse_qsl(parts.query))
    given = {name[4:]: query.pop(name) for name in list(query) if name.startswith("ssl_")}
    url = parts._replace(query=urlencode(query)).geturl() if given else broker_url
    if parts.scheme not in ("amqps", "rediss"):
        if given:
            raise ImproperlyConfigured("The broker's URL has ssl_ options without TLS; use amqps:// or rediss://.")
        return url, {}
    requirement = given.pop("cert_reqs", "required").lower().removeprefix("cert_")
    matched = given.pop("check_hostname", "true").lower() != "false" and requirement != "none"
    if requirement not in _REQUIREMENTS or not set(given) <= {"ca_certs", "certfile", "keyfile"}:
        raise ImproperlyConfigured("The broker's URL has an unknown ssl_ option; see docs/reference/configuration.md.")
    options = {"cert_reqs": _REQUIREMENTS[requirement], **_readable({"ca_certs": ca_certs, **given})}
    if parts.scheme == "rediss":
        return url, {f"ssl_{name}": value for name, value in options.items()} | {"ssl_check_hostname": matched}
    return url, options | ({"server_hostname": parts.hostname} if matched else {})


def _readable(files: dict[str, str]) -> dict[str, Any]:
    files = {name: path for name, path in files.items() if path}
    try:
        context = ssl.create_default_context(cafile=files.get("ca_certs"))
        if "certfile" in files:
            context.load_cert_chain(files["certfile"], files.get("keyfile"))
    except OSError as error:
        names = ", ".join(files.values())
        raise ImproperlyConfigured(f"The certificates for the broker cannot be read: {names}: {error}.") from error
    return {**files}
