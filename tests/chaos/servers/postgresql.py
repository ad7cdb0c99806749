"""PostgreSQL of a test's own: servers that it may kill, hang, fill and fail over, and the shop's database on them."""

import os
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Sequence
from pathlib import Path

import psutil
import psycopg

from tests.patience import PATIENCE, wait_for
from tests.ports import free_port
from tests.stack.database import PostgresqlDatabase
from tests.stack.program import KILLED_WITH_PARENT, Program
from tests.stack.services import require

#: PostgreSQL refuses to run as root.
_AS_USER = ["setpriv", "--reuid", "nobody", "--clear-groups", "--"] if os.geteuid() == 0 else []
#: The machine survives each fault, so data reach the kernel, not the disk. Commits are not asynchronous.
_OPTIONS = {
    "fsync": "off",
    "unix_socket_directories": "",
    "wal_level": "replica",
    "max_wal_size": "96MB",
    "shared_buffers": "32MB",
    "restart_after_crash": "on",
}


class PostgresqlServer:
    """A server with its own port and folder. It listens on 127.0.0.1, and on `hosts`."""

    def __init__(self, *, hosts: Sequence[str] = ()) -> None:
        self._hosts = hosts
        self._bin = Path(require("PostgreSQL's server program")).parent
        self.folder = Path(tempfile.mkdtemp(prefix=f"conveyor-postgresql-{os.getpid()}-"))
        self.data = self.folder / "data"
        self.data.mkdir(mode=0o700)
        for path in (self.folder, self.data) if _AS_USER else ():
            shutil.chown(path, "nobody")
        self.port = free_port()
        self.url = f"postgres://postgres@127.0.0.1:{self.port}/postgres"
        listen = {"listen_addresses": ",".join(["127.0.0.1", *hosts])}
        options = [word for name, value in (_OPTIONS | listen).items() for word in ("-c", f"{name}={value}")]
        command = [self._bin / "postgres", "-D", self.data, "-p", self.port, *options]
        self.program = Program(
            "postgresql",
            [*_AS_USER, *KILLED_WITH_PARENT, *map(str, command)],
            env=dict(os.environ),
            log=self.folder / "postgresql.log",
            ready=lambda _: self.answers(),
            cwd=self.folder,
        )

    def create(self) -> None:
        self._run("initdb", "-D", self.data, "-U", "postgres", "-A", "trust", "-E", "UTF8", "--locale=C", "--no-sync")
        with (self.data / "pg_hba.conf").open("a") as rules:
            rules.writelines(f"host all all {host}/30 trust\n" for host in self._hosts)

    def create_standby_of(self, primary: "PostgresqlServer") -> None:
        """A copy of `primary`, which may be in use, that follows it once started."""
        login = f"host=127.0.0.1 port={primary.port} user=postgres"
        self._run("pg_basebackup", "-D", self.data, "-d", login, "-R", "-X", "stream", "--checkpoint=fast", "--no-sync")

    def start(self) -> None:
        self.program.start()

    def restart(self) -> None:
        """`pg_ctl restart -m immediate`: sessions are broken off, and the server recovers from its log."""
        self._signal(signal.SIGQUIT)
        wait_for(lambda: not self.program.running, what="PostgreSQL has stopped")
        self.start()

    def kill(self) -> None:
        """SIGKILL each process, as in a power failure: the server's own processes are groups of their own."""
        family = self._family()
        for process in family:
            process.kill()
        psutil.wait_procs(family, timeout=PATIENCE)
        self.program.kill()

    def pause(self) -> None:
        for process in self._family():
            process.suspend()

    def resume(self) -> None:
        for process in self._family():
            process.resume()

    def promote(self) -> None:
        self.execute("SELECT pg_promote(true)")

    def execute(self, *statements: str) -> list[tuple]:
        """Run statements as the superuser; the rows of the last one."""
        with psycopg.connect(self.url, autocommit=True, connect_timeout=30) as connection:
            for statement in statements:
                cursor = connection.execute(statement.encode())
            return cursor.fetchall() if cursor.description else []

    def count_deadlocks(self) -> int:
        return self.program.text().count("ERROR:  deadlock detected")

    def answers(self) -> bool:
        try:
            self.execute("SELECT 1")
        except psycopg.Error:
            return False
        return True

    def remove(self) -> None:
        if self.program.running:
            self.kill()
        shutil.rmtree(self.folder, ignore_errors=True)

    def _family(self) -> list[psutil.Process]:
        main = psutil.Process(self.program.pid)
        return [main, *main.children(recursive=True)]

    def _signal(self, number: signal.Signals) -> None:
        os.kill(self.program.pid, number)

    def _run(self, tool: str, *arguments: object) -> None:
        command = [*_AS_USER, str(self._bin / tool), *map(str, arguments)]
        done = subprocess.run(command, cwd=self.folder, capture_output=True, text=True, timeout=PATIENCE, check=False)
        assert done.returncode == 0, f"{tool}: {done.stderr}"


class OwnPostgresql(PostgresqlDatabase):
    """The shop's database on a server of its own, owned by a role that is not a superuser."""

    def __init__(self, server: PostgresqlServer) -> None:
        self.server, self.name = server, "shop"
        self.url = f"postgres://shop@127.0.0.1:{server.port}/shop"

    def copy(self, template: PostgresqlDatabase) -> None:
        self.server.create()
        self.server.start()
        self.server.execute("CREATE ROLE shop LOGIN", "CREATE DATABASE shop OWNER shop")
        self.load(template.dump(self.server.folder / "template.dump"))

    def end_sessions(self) -> None:
        self.server.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = 'shop'")

    def move(self, server: PostgresqlServer) -> None:
        """The database is another server's now; the former one is removed."""
        self.server.remove()
        self.server = server
        self.url = f"postgres://shop@127.0.0.1:{server.port}/shop"

    def drop(self) -> None:
        self.server.remove()
