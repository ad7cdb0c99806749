"""The connection to the mail server, kept between e-mails: connecting costs more than sending."""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any, Final

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.core.mail import get_connection
from django.core.mail.backends.base import BaseEmailBackend
from django.core.mail.backends.smtp import EmailBackend as SmtpBackend
from django.utils.module_loading import import_string

#: A connection is replaced after this many seconds or e-mails, before the server closes it.
LIFE: Final = 60.0
EMAILS: Final = 100
_GOOD: Final = 250
_kept = threading.local()


def require_backend() -> None:
    """Raise `ImproperlyConfigured` if there is no e-mail backend at `EMAIL_BACKEND`."""
    path = settings.EMAIL_BACKEND
    try:
        _ = import_string(path).send_messages  # any other class has none
    except Exception as error:
        raise ImproperlyConfigured(f"EMAIL_BACKEND is {path!r}, which is not an e-mail backend: {error}") from error


@contextmanager
def mail_server() -> Iterator[BaseEmailBackend]:
    """An open connection, dropped after an error. Raises `OSError` if the server cannot be reached."""
    server, _kept.server = getattr(_kept, "server", None), None
    if server is None or not _is_good(server):
        _close(server)
        server, _kept.since, _kept.emails = get_connection(), time.monotonic(), 0
        server.open()
    try:
        yield server
    except BaseException:
        _close(server)
        raise
    _kept.emails += 1
    if isinstance(server, SmtpBackend) and _kept.emails < EMAILS:
        _kept.server = server
    else:
        _close(server)


def _is_good(server: Any) -> bool:
    if server.connection is None or time.monotonic() - _kept.since > LIFE:
        return False
    try:
        return bool(server.connection.noop()[0] == _GOOD)
    except OSError:
        return False


def _close(server: BaseEmailBackend | None) -> None:
    """What the server has accepted stays accepted even if QUIT fails."""
    if server is not None:
        with suppress(OSError):
            server.close()
