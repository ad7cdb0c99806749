"""`Stack`: the whole shop with its own processes, ports, directory, database and broker."""

import json as jsonlib
import os
import secrets
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

from config import processes
from tests.patience import PATIENCE, wait_for
from tests.ports import free_port
from tests.stack.api import request
from tests.stack.database import Blocker, PostgresqlDatabase, SqliteFile, opened
from tests.stack.program import PROJECT, Conversation, Program
from tests.stack.rabbit import RabbitNode, RabbitVhost
from tests.stack.template import prepared
from tests.stack.valkey import Valkey

#: Shortest useful waits; tests override what they are about. As in production, a task's soft limit (80 % of the hard
#: one) exceeds SQLite's lock timeout (10 s); otherwise a slow machine would kill tasks that merely wait for a lock. On
#: such a machine a message may take long until it is settled, and one that is sent again spends an attempt.
FAST = {
    "CONVEYOR_DEMO": "1",
    "CONVEYOR_EXTENSIONS": "none",  # the shop's own tests never see one
    "CONVEYOR_LIMITS": "0",  # all orders come from this machine
    "CONVEYOR_RETRY_BASE": "1",
    "CONVEYOR_RETRY_MAX_SECONDS": "1",
    "CONVEYOR_VISIBILITY": "60",
    "CONVEYOR_TASK_TIME_LIMIT": "15",
    "CONVEYOR_GATEWAY_LATENCY": "0",
    "CONVEYOR_TRANSIT_SECONDS": "1",
    "CELERY_SKIP_CHECKS": "true",
    "PYTHONWARNINGS": "ignore:You're running the worker with superuser privileges",
}
#: A message is sent once, however slow the machine is: whatever returns it, it is not recovery.
PATIENT = {"CONVEYOR_VISIBILITY": "600"}
#: Variables of the test run that must not leak into the stack.
_NOT_INHERITED = (
    "LOG_LEVEL",
    "DATABASE_URL",
    "BROKER_URL",
    "EMAIL_",
    "PORT",
    "CONVEYOR_",
    "SECRET_KEY",
    "DJANGO_SETTINGS_MODULE",
    "COV_",
    "PYTEST_",
)
WORKERS = {"payments": 2, "shipping": 2, "notifications,maintenance": 1}
BACKENDS = ("embedded", "production")
ADDRESS = {"line1": "1 Station Road", "city": "York", "postcode": "YO1 6GA", "country": "GB"}


def order_body(sku: str, **overrides: Any) -> dict[str, Any]:
    """An order of one piece, as the API takes it. `overrides` are its fields; `city` replaces that of the address."""
    address = ADDRESS | ({"city": overrides.pop("city")} if "city" in overrides else {})
    return {
        "email": "shopper@example.com",
        "name": "Sam Shopper",
        "address": address,
        "shipping_method": "standard",
        "payment_method": "pm_card_visa",
        "lines": [{"sku": sku, "quantity": 1}],
        **overrides,
    }


class Stack:
    """The shop's real processes on a backend: "embedded" (SQLite, Valkey) or "production" (PostgreSQL, RabbitMQ).

    `workers` maps queues, as `-Q` takes them, to a concurrency; `web` is a number of processes. `own_broker` gives
    the stack a broker it may stop.
    """

    def __init__(
        self,
        backend: str,
        *,
        blocker: Blocker,
        relays: int = 1,
        workers: Mapping[str, int] = WORKERS,
        beat: bool = True,
        web: int = 1,
        env: Mapping[str, str] | None = None,
        own_broker: bool = False,
    ) -> None:
        self.backend = backend
        self.alias = f"stack_{backend}_{secrets.token_hex(3)}"
        self.folder = Path(tempfile.mkdtemp(prefix=f"conveyor-{backend}-{os.getpid()}-"))
        self.outages = self.folder / "outages"
        self._blocker = blocker
        try:
            self.database, self.broker = self._backend(backend, own_broker)
        except BaseException:  # such as pytest's skip, if a service is missing
            shutil.rmtree(self.folder)
            raise
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.env = self._environment(env or {})
        self.web = self._program(processes.web(port=self.port, count=web), ready=self._web_is_ready) if web else None
        self.relays = [self._program(processes.relay(), name=f"relay-{n + 1}") for n in range(relays)]
        self.workers = [self.new_worker(queues, concurrency) for queues, concurrency in workers.items()]
        self.beat = self._program(processes.beat()) if beat else None
        self._sku = ""
        self._auditor: Conversation | None = None
        self._tokens: dict[str, str] = {}

    def _backend(self, backend: str, own_broker: bool) -> tuple[Any, Any]:
        if backend == "embedded":
            return SqliteFile(self.folder), Valkey(self.folder)
        assert backend == "production", f"{backend!r} is not one of {BACKENDS}"
        return PostgresqlDatabase(), RabbitNode(self.folder / "rabbit") if own_broker else RabbitVhost()

    def _environment(self, overrides: Mapping[str, str]) -> dict[str, str]:
        inherited = {name: value for name, value in os.environ.items() if not name.startswith(_NOT_INHERITED)}
        own = {
            "CONVEYOR_VAR": str(self.folder),
            "DATABASE_URL": self.database.url,
            "BROKER_URL": self.broker.url,
            "PORT": str(self.port),
        }
        return inherited | FAST | own | dict(overrides)

    # -- life cycle ---------------------------------------------------------------------------------------------------

    def start(self) -> "Stack":
        """Copy a seeded demo shop, start the broker and all processes, and wait until each is ready."""
        template = prepared(self.backend, database=self._template_database, prepare=self._prepare)
        template.copy_to(self.folder, self.database)
        self.broker.start()
        for program in self.programs:
            program.start(wait=False)
        for program in self.programs:
            program.wait_ready()
        return self

    def _template_database(self, folder: Path, name: str) -> SqliteFile | PostgresqlDatabase:
        return SqliteFile(folder) if self.backend == "embedded" else PostgresqlDatabase(name)

    def _prepare(self, folder: Path, url: str) -> None:
        done = self.python("-m", "tests.stack.prepare", CONVEYOR_VAR=str(folder), DATABASE_URL=url)
        assert done.returncode == 0, f"the shop could not be prepared:\n{done.stdout}{done.stderr}"

    def remove(self) -> None:
        """Kill every process of this stack and remove its database, broker and directory."""
        with ExitStack() as removal:  # from the last to the first, each even if one before it fails
            removal.callback(shutil.rmtree, self.folder, ignore_errors=True)
            removal.callback(self.database.drop)
            removal.callback(self.broker.remove)
            if self._auditor is not None:
                removal.callback(self._auditor.end)
            for program in self.programs:
                removal.callback(program.kill)

    @property
    def programs(self) -> list[Program]:
        return [program for program in (self.web, *self.relays, *self.workers, self.beat) if program]

    def new_worker(self, queues: str, concurrency: int = 1, *, pool: str = "prefork") -> Program:
        """Another worker, not started yet. Append it to `workers` for `remove()` to stop it."""
        name = f"{queues.replace(',', '-')}-{secrets.token_hex(2)}"
        process = processes.worker(name=name, queues=queues, concurrency=concurrency)
        process.command.extend(["--pool", pool, "--loglevel", "INFO"])
        return self._program(process, ready=lambda program: " ready." in program.text(since_start=True))

    def worker(self, queue: str) -> Program:
        """The first worker that consumes `queue`."""
        return next(program for program in self.workers if queue in program.command[program.command.index("-Q") + 1])

    def _program(
        self, process: processes.Process, *, name: str = "", ready: Callable[[Program], bool] = lambda program: True
    ) -> Program:
        name = name or process.name
        env = self.env | process.environment
        return Program(name, process.command, env=env, log=self.folder / "log" / f"{name}.log", ready=ready)

    def _web_is_ready(self, program: Program) -> bool:
        try:
            return self.api("GET", "/healthz", timeout=30)[0] == 200
        except OSError:
            return False

    # -- use ----------------------------------------------------------------------------------------------------------

    def api(self, method: str, path: str, **options: Any) -> tuple[int, Any]:
        """Status and body of a request; takes the options of `tests.stack.api.request`.

        A path without a leading slash is relative to `/api/v1/`.
        """
        return request(method, self.url + (path if path.startswith("/") else f"/api/v1/{path}"), **options)

    def token(self, username: str = "operator") -> str:
        """A token for the staff API. Demo users have their name as password."""
        if username not in self._tokens:  # hashing a password takes most of a request's time
            login = {"username": username, "password": username}
            status, body = self.api("POST", "auth/token/", json=login)
            assert status in {200, 201}, f"no token for {username}: {status} {body}"
            self._tokens[username] = str(body["token"])
        return self._tokens[username]

    def order(self, *, key: str | None = None, expect: int = 201, **overrides: Any) -> dict[str, Any]:
        """Place an order through the API. Takes the options of `order_body`."""
        body = order_body("" if "lines" in overrides else self.sku(), **overrides)
        headers = {"Idempotency-Key": key} if key else {}
        status, answer = self.api("POST", "orders/", json=body, headers=headers)
        assert status == expect, f"POST orders/ returned {status}: {answer}"
        return dict(answer)

    def sku(self) -> str:
        """The demo product with the most stock."""
        if not self._sku:
            _, page = self.api("GET", "products/")
            self._sku = max(page["results"], key=lambda product: product["stock"])["sku"]
        return self._sku

    def manage(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Run `manage.py` on this stack's database and broker."""
        return self.python("manage.py", *arguments)

    def python(self, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
        """Run Python with the stack's environment, and `environment` beside it."""
        command = [sys.executable, *arguments]
        return subprocess.run(
            command, cwd=PROJECT, env=self.env | environment, capture_output=True, text=True, timeout=PATIENCE,
            check=False,
        )  # fmt: skip

    def audit(self) -> list[dict[str, str]]:
        """Broken invariants as `manage.py audit --json` lists them."""
        if self._auditor is None:
            self._auditor = Conversation("tests.stack.auditor", env=self.env, log=self.folder / "log" / "auditor.log")
        return list(jsonlib.loads(self._auditor.ask("audit"))["broken"])

    def wait_for(self, predicate: Callable[[], object], *, what: str = "") -> Any:
        return wait_for(predicate, what=what)

    def wait_status(self, order: Mapping[str, Any], *statuses: str) -> dict[str, Any]:
        """The order as the API shows it once its status is one of `statuses`."""
        shown: dict[str, Any] = {}

        def reached() -> bool:
            shown.update(self.api("GET", f"orders/{order['public_id']}/")[1])
            return shown["status"] in statuses

        try:
            wait_for(reached)
        except AssertionError:
            raise AssertionError(f"order {order['number']} is {shown['status']}, not {statuses}: {shown}") from None
        return shown

    def wait_payment(self, order: Mapping[str, Any], status: str = "captured") -> dict[str, Any]:
        """The order's payment as the API shows it once it has this status; the order may have moved on before it."""
        shown: dict[str, Any] = {}

        def reached() -> bool:
            shown.update(self.api("GET", f"orders/{order['public_id']}/")[1]["payment"] or {})
            return shown.get("status") == status

        wait_for(reached, what=f"the payment of order {order['number']} is {status}")
        return shown

    @contextmanager
    def db(self) -> Iterator[str]:
        """Context in which `Model.objects.using(stack.alias)` reads and writes this stack's database."""
        with opened(url=self.database.url, alias=self.alias, blocker=self._blocker):
            yield self.alias

    def tails(self, lines: int = 40) -> str:
        """The last lines of each process's log."""
        programs = [*self.programs, *filter(None, [getattr(self.broker, "program", None)])]
        return "\n".join(f"== {program.name}\n{program.tail(lines)}" for program in programs)
