"""System checks for `check --deploy`: settings that are right for a try-out and wrong for a shop on the internet."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.core import checks
from django.http.request import validate_host

#: Host names that lead nobody else to this machine.
_THIS_MACHINE = ("localhost", "127.0.0.1", "::1", "0.0.0.0")  # noqa: S104 - compared, not bound
NEW_KEY = "export SECRET_KEY=$(python -c 'import secrets; print(secrets.token_urlsafe(50))')"


@checks.register(checks.Tags.security, deploy=True)
def check_production(**_options: Any) -> list[checks.CheckMessage]:
    return [checks.Warning(sentence, hint=fix, id=f"shop.{number}") for number, sentence, fix in _wrong()]


def _wrong() -> Iterator[tuple[str, str, str]]:
    site = urlsplit(settings.SITE_URL)
    host = site.hostname or ""
    if host in _THIS_MACHINE:
        sentence = f"SITE_URL is {settings.SITE_URL}: links in e-mails lead nowhere."
        yield "W002", sentence, "export SITE_URL=https://shop.example"
    elif settings.SECURE_SSL_REDIRECT and site.scheme != "https":
        sentence = f"SITE_URL is {settings.SITE_URL}, and the shop redirects to HTTPS."
        yield "W002", sentence, f"export SITE_URL=https://{site.netloc}"
    if _is_generated(settings.SECRET_KEY):
        yield "W003", "SECRET_KEY is not set: each machine generates a key of its own.", NEW_KEY
    if settings.CONVEYOR_DEMO:
        sentence = "CONVEYOR_DEMO is on: the logins' passwords are public, and test cards pay."
        yield "W004", sentence, "export CONVEYOR_DEMO=0"
    if "*" in settings.ALLOWED_HOSTS:
        yield "W005", "ALLOWED_HOSTS allows every host name.", "unset ALLOWED_HOSTS"
    elif not validate_host(f"[{host}]" if ":" in host else host, settings.ALLOWED_HOSTS):
        sentence = f"ALLOWED_HOSTS lacks {host}, the host of SITE_URL: the shop refuses its own address."
        yield "W005", sentence, "unset ALLOWED_HOSTS"


def _is_generated(key: str) -> bool:
    """Whether `config.env` has made this key."""
    path = Path(settings.VAR_DIR, "secret_key")
    return path.is_file() and path.read_text().strip() == key
