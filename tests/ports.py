"""TCP ports on 127.0.0.1."""

import fcntl
import os
import socket
import tempfile
from pathlib import Path

#: Below the ports that systems give to connections, which could take one before its server listens there.
_FIRST, _LAST = 20_000, 32_000
_LATEST = Path(tempfile.gettempdir(), f"conveyor-test-ports-{os.getuid()}")


def free_port() -> int:
    """A port on which nothing listens. Processes that run tests share one row of ports, and get them in turn.

    Two servers on one port would both start, as web servers share theirs (SO_REUSEPORT), and get each other's requests.
    """
    with _LATEST.open("a+") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        file.seek(0)
        port = int(file.read() or _LAST)
        while not _is_free(port := port + 1 if port < _LAST else _FIRST):
            pass
        file.truncate(0)
        file.write(str(port))
    return port


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True


def answers(port: int) -> bool:
    """Whether something listens on the port."""
    try:
        socket.create_connection(("127.0.0.1", port), timeout=1).close()
    except OSError:
        return False
    return True
