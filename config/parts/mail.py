"""`EMAIL_URL` and `EMAIL_BACKEND`: the way that e-mail leaves the shop."""

from dataclasses import dataclass
from urllib.parse import unquote, urlsplit

from django.core.exceptions import ImproperlyConfigured

from config import env

_DJANGOS = "django.core.mail.backends"


@dataclass(frozen=True)
class MailServer:
    """SMTP server for outgoing e-mail. An empty `host` means that none is configured."""

    host: str = ""
    port: int = 25
    user: str = ""
    password: str = ""
    starttls: bool = False
    tls: bool = False


def mail_server() -> MailServer:
    """`EMAIL_URL`: `smtp://` without encryption, `smtp+tls://` with STARTTLS, `smtp+ssl://` with implicit TLS."""
    url = env.text("EMAIL_URL")
    if not url:
        return MailServer()
    ports = {"smtp": 25, "smtp+tls": 587, "smtp+ssl": 465}
    if not env.is_url(url, schemes=ports):
        raise ImproperlyConfigured(
            "EMAIL_URL is not a valid mail server URL; use smtp+tls://user:password@host:587 (STARTTLS), "
            "smtp+ssl:// (implicit TLS) or smtp:// (no encryption), or leave it unset."
        )
    parts = urlsplit(url)
    return MailServer(
        host=parts.hostname or "",
        port=parts.port or ports[parts.scheme],
        user=unquote(parts.username or ""),
        password=unquote(parts.password or ""),
        starttls=parts.scheme == "smtp+tls",
        tls=parts.scheme == "smtp+ssl",
    )


def email_backend(server: MailServer, *, demo: bool) -> str:
    """The path of the backend: by SMTP to `server`, in demo mode to files, or `EMAIL_BACKEND`."""
    if server.host:
        return "orders.emails.smtp.EmailBackend"
    if demo:
        return f"{_DJANGOS}.filebased.EmailBackend"
    return env.text("EMAIL_BACKEND", f"{_DJANGOS}.console.EmailBackend")
