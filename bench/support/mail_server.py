"""An SMTP server that drops what it accepts, in a process of its own."""

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager

from tests.patience import wait_for
from tests.ports import answers, free_port


@contextmanager
def mail_server() -> Iterator[str]:
    """Its URL, as `EMAIL_URL` takes it."""
    port = free_port()
    command = f"-m aiosmtpd --nosetuid --class aiosmtpd.handlers.Sink --listen 127.0.0.1:{port}"
    with subprocess.Popen([sys.executable, *command.split()]) as server:
        try:
            wait_for(lambda: answers(port), what="the mail server")
            yield f"smtp://127.0.0.1:{port}"
        finally:
            server.terminate()
