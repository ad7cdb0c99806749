"""The shop's public address, `SITE_URL`, and what follows from it."""

from urllib.parse import urlsplit

from django.core.exceptions import ImproperlyConfigured

from config import env

#: Names of this machine, for whoever tries the shop out on it.
LOOPBACK_NAMES = ["localhost", "127.0.0.1", "[::1]"]


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
    hosts = _listed("ALLOWED_HOSTS") or list(dict.fromkeys([host, *LOOPBACK_NAMES]))
    return hosts, _listed("CSRF_TRUSTED_ORIGINS") or [f"{parts.scheme}://{parts.netloc}"]


def _listed(name: str) -> list[str]:
    return list(env.separated(env.text(name)))
