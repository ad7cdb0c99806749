"""PgBouncer for tests: a private pooler in front of the local PostgreSQL."""

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit

from tests.ports import answers, free_port
from tests.stack.program import KILLED_WITH_PARENT, Program
from tests.stack.services import require

_CONFIGURATION = """[databases]
* = host={host} port={port} {login}
[pgbouncer]
listen_addr = 127.0.0.1
listen_port = {own_port}
unix_socket_dir =
auth_type = any
pool_mode = {mode}
max_client_conn = 100
default_pool_size = 10
ignore_startup_parameters = extra_float_digits,options
"""


@contextmanager
def pooled(*, url: str, mode: str) -> Iterator[str]:
    """A URL that pools connections to the database at `url` in `mode`: "session" or "transaction"."""
    binary, parts, port = require("PgBouncer"), urlsplit(url), free_port()
    login = f"user={parts.username}" + (f" password={parts.password}" if parts.password else "")
    with tempfile.TemporaryDirectory(prefix=f"conveyor-pgbouncer-{os.getpid()}-") as name:
        folder = Path(name)
        configuration = folder / "pgbouncer.ini"
        configuration.write_text(
            _CONFIGURATION.format(host=parts.hostname, port=parts.port or 5432, login=login, own_port=port, mode=mode)
        )
        command = [binary, str(configuration)]
        if os.geteuid() == 0:  # PgBouncer refuses to run as root
            shutil.chown(folder, "nobody")
            command = ["setpriv", "--reuid", "nobody", "--clear-groups", "--", *KILLED_WITH_PARENT, *command]
        log = folder / "pgbouncer.log"
        program = Program("pgbouncer", command, env=dict(os.environ), log=log, ready=lambda _: answers(port))
        try:
            program.start()
            yield parts._replace(netloc=f"127.0.0.1:{port}").geturl()
        finally:
            program.kill()
