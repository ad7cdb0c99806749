"""The shop's public address, `SITE_URL`, and what follows from it."""

import re
from urllib.parse import urlsplit

from django.core.exceptions import ImproperlyConfigured

from config import env

#: Names of this machine, for whoever tries the shop out on it.
LOOPBACK_NAMES = ["localhost", "127.0.0.1", "[::1]"]
#: Without a scheme or a port. `*` is every host, `.shop.example` every subdomain too.
_HOST = re.compile(r"\*|\.?[a-z0-9_-]+(\.[a-z0-9_-]+)*\.?|\[[0-9a-f:.]+\]", re.ASCII | re.IGNORECASE)
_ORIGIN = re.compile(r"https?://(\*\.)?([a-z0-9_.-]+|\[[0-9a-f:.]+\])(:\d+)?", re.ASCII | re.IGNORECASE)


def site_url(*, port: int) -> str:
    """`SITE_URL` without a slash at its end. Raises `ImproperlyConfigured` unless it is the address of a site."""
    url = env.text("SITE_URL", f"http://localhost:{port}").rstrip("/")
    if not env.is_url(url, schemes={"http", "https"}) or "@" in url or "?" in url or "#" in url:
        raise ImproperlyConfigured(
            f"SITE_URL is {url!r}; it must be the shop's public address, such as https://shop.example."
        )
    return url


def hosts_and_origins(site: str) -> tuple[list[str], list[str]]:
    """`ALLOWED_HOSTS` and `CSRF_TRUSTED_ORIGINS`. Each that is not set follows from the address `site`."""
    parts = urlsplit(site)
    host = f"[{parts.hostname}]" if ":" in str(parts.hostname) else str(parts.hostname)
    return (
        _each("ALLOWED_HOSTS", _HOST, such_as="shop.example") or list(dict.fromkeys([host, *LOOPBACK_NAMES])),
        _each("CSRF_TRUSTED_ORIGINS", _ORIGIN, such_as="https://shop.example") or [f"{parts.scheme}://{parts.netloc}"],
    )


def _each(name: str, form: re.Pattern[str], *, such_as: str) -> list[str]:
    """With a value of another form, Django starts and refuses every request."""
    found = list(env.listed(name))
    for value in found:
        if not form.fullmatch(value):
            raise ImproperlyConfigured(f"{name} contains {value!r}; each must be such as {such_as}.")
    return found
