"""E-mail by SMTP in bounded time: connecting, and sending what is handed over, have a deadline each.

Django's timeout bounds each read only, so a mail server that sends one byte a second, or a reply without end, would
hold up a worker, and beat, for ever.
"""

import smtplib
import socket
from collections.abc import Sequence
from functools import partial
from typing import Any, Final

from celery.exceptions import SoftTimeLimitExceeded
from django.conf import settings
from django.core.mail import EmailMessage
from django.core.mail.backends.smtp import EmailBackend as DjangoBackend

from orders.bounded.budget import Budget, readable

#: Bytes of the replies to what has one deadline.
MOST: Final = 100_000
#: Connecting and sending together stay below a task's soft limit, which is 80 % of the hard one.
_SHARE_OF_TIME_LIMIT: Final = 0.35
#: Seconds for a command that is only a courtesy.
_SHORT: Final = 2.0
_PART: Final = 16_384


class EmailBackend(DjangoBackend):
    """Raises `OSError` for whatever goes wrong while connecting, an answer that cannot be read included."""

    _partial_connection: Any

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        most = settings.CONVEYOR_TASK_TIME_LIMIT * _SHARE_OF_TIME_LIMIT
        self._budget = Budget(seconds=min(self.timeout or most, most), most=MOST)

    @property
    def connection_class(self) -> Any:
        return partial(_SmtpOverTls if self.use_ssl else _Smtp, budget=self._budget)

    def open(self) -> bool | None:
        """The greetings belong to it: a server that fails over them was sent no e-mail."""
        if self.connection:
            return False
        self._budget.renew()
        try:
            opened: bool | None = super().open()
            if self.connection:
                self.connection.ehlo_or_helo_if_needed()
        except Exception as error:
            self._drop()
            if isinstance(error, OSError | SoftTimeLimitExceeded):
                raise
            raise smtplib.SMTPException(f"the mail server's answer cannot be read ({error!r:.200})") from error
        return opened

    def _drop(self) -> None:
        """Close the connection without a farewell."""
        for connection in (self.connection, self._partial_connection):
            if connection:
                connection.close()
        self.connection = self._partial_connection = None

    def send_messages(self, email_messages: Sequence[EmailMessage]) -> int:
        self._budget.renew()
        return int(super().send_messages(email_messages))

    def close(self) -> None:
        self._budget.renew(seconds=_SHORT)
        super().close()


class _Bounded(smtplib.SMTP):
    def __init__(self, *args: Any, budget: Budget, **options: Any) -> None:
        self._budget = budget
        super().__init__(*args, **options)

    def _get_socket(self, host: str, port: int, timeout: float) -> socket.socket:
        connected: socket.socket = super()._get_socket(host, port, self._seconds_left())  # type: ignore[misc]
        return connected

    def send(self, s: Any) -> None:
        data = s.encode(self.command_encoding) if isinstance(s, str) else bytes(s)
        for start in range(0, len(data), _PART):
            if self.sock:
                self.sock.settimeout(self._seconds_left())
            super().send(data[start : start + _PART])

    def getreply(self) -> tuple[int, bytes]:
        if self.file is None and self.sock is not None:
            self.file = readable(self.sock, self._budget)
        return super().getreply()

    def noop(self) -> tuple[int, bytes]:
        self._budget.renew(seconds=_SHORT)
        return super().noop()

    def _seconds_left(self) -> float:
        try:
            return self._budget.seconds_left()
        except TimeoutError as error:
            self.close()
            raise smtplib.SMTPServerDisconnected(str(error)) from error


class _Smtp(_Bounded):
    """SMTP, also with STARTTLS."""


class _SmtpOverTls(_Bounded, smtplib.SMTP_SSL):
    """SMTP over TLS from the first byte."""
