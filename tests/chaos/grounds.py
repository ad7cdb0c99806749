"""Grounds: stacks with servers of their own, on which faults happen."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

from shop.models import Product, StockMovement
from tests.chaos.servers.postgresql import OwnPostgresql, PostgresqlServer
from tests.chaos.servers.rabbit_cluster import RabbitCluster
from tests.chaos.servers.small_disk import SmallDisk
from tests.proxy import Proxy
from tests.stack import Stack
from tests.stack.database import Blocker
from tests.stack.program import Program
from tests.stack.rabbit import RabbitNode

#: What a dead worker or a broker loses is sent again after as many seconds.
ENV = {"CONVEYOR_VISIBILITY": "8"}
STOCK = 10_000


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
        """A second process of the same kind, not started yet."""
        name = f"{program.name}-twin"
        return Program(name, program.command, env=program.env, log=program.log.with_name(f"{name}.log"))

    def restart_dead(self) -> None:
        """What a supervisor does."""
        for program in self.programs:
            if not program.running:
                program.kill()
                program.start(wait=False)


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
EMBEDDED_NETWORK = Ground(label="SQLite, Valkey through a proxy", backend="embedded", stack=BehindProxies)
NETWORK = Ground(label="PostgreSQL, RabbitMQ through proxies", backend="production", stack=BehindProxies)
CLUSTER = Ground(
    label="PostgreSQL, RabbitMQ cluster of three",
    backend="production",
    stack=Clustered,
    options={"env": {"QUEUE_TYPE": "quorum"}},
)
SMALL_EMBEDDED_DISK = Ground(label="SQLite, Valkey on a disk of its own", backend="embedded", stack=OnSmallDisks)
SMALL_DISK = Ground(label="PostgreSQL on a disk of its own, RabbitMQ", backend="production", stack=OnSmallDisks)
