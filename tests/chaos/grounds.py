"""Grounds: stacks with servers of their own, on which faults happen."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

from config.processes import Process
from shop.models import Product, StockMovement
from tests.chaos.servers.namespace import Link, Namespace
from tests.chaos.servers.postgresql import OwnPostgresql, PostgresqlServer
from tests.chaos.servers.rabbit_cluster import RabbitCluster
from tests.chaos.servers.releases import FormerRelease
from tests.chaos.servers.small_disk import SmallDisk
from tests.proxy import Proxy
from tests.stack import Stack
from tests.stack.database import Blocker
from tests.stack.program import Program
from tests.stack.rabbit import RabbitNode

#: What a dead worker or a broker loses is sent again after as many seconds.
ENV = {"CONVEYOR_VISIBILITY": "8"}
STOCK = 10_000
TWIN = "-twin"


class OwnServers(Stack):
    """No server is shared with another stack. Proxies and a disk are those of the stacks below."""

    broker_proxy: Proxy
    database_proxy: Proxy
    disk: SmallDisk

    def _backend(self, backend: str, own_broker: bool) -> tuple[Any, Any]:
        if backend == "embedded":
            return super()._backend(backend, own_broker)
        return OwnPostgresql(PostgresqlServer()), RabbitNode(self.folder / "rabbit")

    def twin(self, program: Program) -> Program:
        """A second process of the same kind, not started yet, with another name; its twin has the first's again."""
        is_twin = program.name.endswith(TWIN)
        name = program.name.removesuffix(TWIN) if is_twin else program.name + TWIN
        hosts = (f"{TWIN}@%h", "@%h") if is_twin else ("@%h", f"{TWIN}@%h")
        command = [word.replace(*hosts) for word in program.command]
        log = program.log.with_name(f"{name}.log")
        ready = _web_has_started if name.startswith("web") else program.ready
        return Program(name, command, env=program.env, log=log, ready=ready, cwd=program.cwd)

    def replace(self, program: Program, twin: Program) -> None:
        """From now on, the twin is this stack's."""
        self.web, self.beat = (twin if one is program else one for one in (self.web, self.beat))
        for programs in (self.relays, self.workers):
            programs[:] = [twin if one is program else one for one in programs]

    def restart_dead(self) -> None:
        """What a supervisor does."""
        for program in self.programs:
            if not program.running:
                program.kill()
                program.start(wait=False)


class OfFormerRelease(OwnServers):
    """Processes run the code of the former release, on the schema of this one."""

    def _backend(self, backend: str, own_broker: bool) -> tuple[Any, Any]:
        self.former = FormerRelease(self.folder / "former")
        return super()._backend(backend, own_broker)

    def _program(self, *arguments: Any, **options: Any) -> Program:
        program = super()._program(*arguments, **options)
        program.cwd = self.former.folder
        return program

    def migrate(self, *target: str) -> None:
        """To this release's schema, or one app's to an earlier one; by this release's code."""
        done = self.manage("migrate", "--no-input", *target)
        assert done.returncode == 0, done.stdout + done.stderr


class BehindProxies(OwnServers):
    """Processes of the shop reach broker and database only through proxies; the test itself reaches them directly."""

    def _environment(self, overrides: Mapping[str, str]) -> dict[str, str]:
        env = super()._environment(overrides)
        self.broker_proxy = Proxy(*self._broker_ports())
        env["BROKER_URL"] = _through(self.broker_proxy, self.broker.url)
        if self.backend != "embedded":
            self.database_proxy = Proxy(self.database.server.port)
            env["DATABASE_URL"] = _through(self.database_proxy, self.database.url)
        return env

    def _broker_ports(self) -> list[int]:
        return [urlsplit(self.broker.url).port or 0]


class AcrossLinks(OwnServers):
    """Workers are on a host of their own, which reaches broker and database over a link each."""

    def _backend(self, backend: str, own_broker: bool) -> tuple[Any, Any]:
        self.links = {"broker": Link(), "database": Link()}
        self.namespace = Namespace(list(self.links.values()))
        server = PostgresqlServer(hosts=[self.links["database"].near])
        return OwnPostgresql(server), RabbitNode(self.folder / "rabbit", hosts=[self.links["broker"].near])

    def new_worker(self, queues: str, concurrency: int = 1, *, pool: str = "prefork") -> Program:
        program = super().new_worker(queues, concurrency, pool=pool)
        _move(program, self.namespace, **self.links)
        return program

    def start(self) -> "Stack":
        self.namespace.create()
        return super().start()

    def remove(self) -> None:
        try:
            super().remove()
        finally:
            self.namespace.remove()


class ThreeHosts(OwnServers):
    """Web, relay and beat are on one host, workers on another; each reaches broker and database, on a third, by a link.

    They are distributed as in deploy/systemd where each host has a part of the target.
    """

    def _backend(self, backend: str, own_broker: bool) -> tuple[Any, Any]:
        self.links = {"web": Link(), "workers": Link()}
        self.namespaces = {name: Namespace([link]) for name, link in self.links.items()}
        hosts = [link.near for link in self.links.values()]
        return OwnPostgresql(PostgresqlServer(hosts=hosts)), RabbitNode(self.folder / "rabbit", hosts=hosts)

    def _environment(self, overrides: Mapping[str, str]) -> dict[str, str]:
        host = self.links["web"].far
        self.url = f"http://{host}:{self.port}"
        return super()._environment({"ALLOWED_HOSTS": host, **overrides})

    def _program(self, process: Process, **options: Any) -> Program:
        program = super()._program(process, **options)
        host = "workers" if process.name.startswith("worker-") else "web"
        link = self.links[host]
        if process.name == "web":
            program.command[program.command.index("--host") + 1] = link.far
        _move(program, self.namespaces[host], broker=link, database=link)
        return program

    def start(self) -> "Stack":
        for namespace in self.namespaces.values():
            namespace.create()
        return super().start()

    def remove(self) -> None:
        try:
            super().remove()
        finally:
            for namespace in self.namespaces.values():
                namespace.remove()


class Clustered(BehindProxies):
    """RabbitMQ is a cluster of three nodes behind a proxy, as behind a load balancer."""

    def _backend(self, backend: str, own_broker: bool) -> tuple[Any, Any]:
        return OwnPostgresql(PostgresqlServer()), RabbitCluster(self.folder)

    def _broker_ports(self) -> list[int]:
        return [node.port for node in self.broker.nodes]


class OnSmallDisks(OwnServers):
    """The broker's or the database's data are on a disk of their own, which a fault may fill."""

    def _backend(self, backend: str, own_broker: bool) -> tuple[Any, Any]:
        self.disk = SmallDisk(self.folder / "valkey")
        if backend == "embedded":
            return super()._backend(backend, own_broker)
        server = PostgresqlServer()
        self.disk = SmallDisk(server.data)
        return OwnPostgresql(server), RabbitNode(self.folder / "rabbit")

    def start(self) -> "Stack":
        self.disk.mount()
        return super().start()

    def remove(self) -> None:
        try:
            super().remove()
        finally:
            self.disk.unmount()


def _move(program: Program, namespace: Namespace, *, broker: Link, database: Link) -> None:
    """Let it run in `namespace`, and reach its servers over these links."""
    program.command = namespace.inside(program.command)
    for name, link in ("BROKER_URL", broker), ("DATABASE_URL", database):
        program.env |= {name: program.env[name].replace("@127.0.0.1:", f"@{link.near}:")}


def _web_has_started(program: Program) -> bool:
    """By its log: on the port, its twin answers, too."""
    return "Started worker-" in program.text(since_start=True)


def _restock(stack: Stack) -> None:
    """More of one product than all faults on a stack will sell."""
    with stack.db() as alias:
        product = Product.objects.using(alias).get(sku=stack.sku())
        Product.objects.using(alias).filter(pk=product.pk).update(stock=product.stock + STOCK)
        StockMovement.objects.using(alias).create(product=product, quantity=STOCK, reason=StockMovement.Reason.RESTOCK)


def _through(proxy: Proxy, url: str) -> str:
    parts = urlsplit(url)
    login, at, _ = parts.netloc.rpartition("@")
    return parts._replace(netloc=f"{login}{at}127.0.0.1:{proxy.port}").geturl()


@dataclass(frozen=True, kw_only=True, eq=False)
class Ground:
    """`label` says in the report what the stack runs on."""

    label: str
    backend: str
    stack: Callable[..., OwnServers] = OwnServers
    options: Mapping[str, Any] = field(default_factory=dict)

    @contextmanager
    def running(self, blocker: Blocker) -> Iterator[OwnServers]:
        """A running stack, removed afterwards."""
        options = dict(self.options)
        env = ENV | options.pop("env", {})
        stack = self.stack(self.backend, blocker=blocker, env=env, **options)
        try:
            stack.start()
            _restock(stack)
            yield stack
        finally:
            stack.remove()


EMBEDDED = Ground(label="SQLite, Valkey", backend="embedded")
PRODUCTION = Ground(label="PostgreSQL, RabbitMQ", backend="production")
UPGRADE = Ground(label="PostgreSQL, RabbitMQ, former release", backend="production", stack=OfFormerRelease)
EMBEDDED_NETWORK = Ground(label="SQLite, Valkey through a proxy", backend="embedded", stack=BehindProxies)
NETWORK = Ground(label="PostgreSQL, RabbitMQ through proxies", backend="production", stack=BehindProxies)
LINKS = Ground(label="PostgreSQL, RabbitMQ, workers on another host", backend="production", stack=AcrossLinks)
THREE_HOSTS = Ground(label="PostgreSQL, RabbitMQ, three hosts", backend="production", stack=ThreeHosts)
CLUSTER = Ground(
    label="PostgreSQL, RabbitMQ cluster of three",
    backend="production",
    stack=Clustered,
    options={"env": {"QUEUE_TYPE": "quorum"}},
)
SMALL_EMBEDDED_DISK = Ground(label="SQLite, Valkey on a disk of its own", backend="embedded", stack=OnSmallDisks)
SMALL_DISK = Ground(label="PostgreSQL on a disk of its own, RabbitMQ", backend="production", stack=OnSmallDisks)
