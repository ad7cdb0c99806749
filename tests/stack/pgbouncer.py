"""PgBouncer for tests: a private pooler in front of the local PostgreSQL."""

import os
import shutil
import tempfile
from pathlib import Path
from urllib.parse import urlsplit

from tests.stack.ports import answers, free_port
from tests.stack.program import Program
from tests.stack.services import require


class PgBouncer:
    """Pools connections to the database at `url` in `mode`: "session" or "transaction"."""

    def __init__(self, *, url: str, mode: str) -> None:
        binary, parts, port = require("PgBouncer"), urlsplit(url), free_port()
        self.folder = folder = Path(tempfile.mkdtemp(prefix=f"conveyor-pgbouncer-{os.getpid()}-"))
        login = f"user={parts.username}" + (f" password={parts.password}" if parts.password else "")
        configuration = folder / "pgbouncer.ini"
        configuration.write_text(f"""[databases]
* = host={parts.hostname} port={parts.port or 5432} {login}
[pgbouncer]
listen_addr = 127.0.0.1
listen_port = {port}
unix_socket_dir =
auth_type = any
pool_mode = {mode}
max_client_conn = 100
default_pool_size = 10
ignore_startup_parameters = extra_float_digits,options
""")
        self.url = parts._replace(netloc=f"127.0.0.1:{port}").geturl()
        command = [binary, str(configuration)]
        if os.geteuid() == 0:  # PgBouncer refuses to run as root
            shutil.chown(folder, "nobody")
            command = ["setpriv", "--reuid", "nobody", "--clear-groups", "--", *command]
        self.program = Program(
            "pgbouncer", command, env=dict(os.environ), log=folder / "pgbouncer.log", ready=lambda _: answers(port)
        )

    def remove(self) -> None:
        self.program.kill()
        shutil.rmtree(self.folder, ignore_errors=True)
