"""Faults of the network between the shop and its servers, and a failover of the database."""

from collections.abc import Callable
from typing import Any

from tests.chaos.experiment import Fault, Scene
from tests.chaos.grounds import EMBEDDED_NETWORK, NETWORK, Ground
from tests.chaos.servers.postgresql import PostgresqlServer
from tests.proxy import Proxy

CUT, SILENCE, LATENCY = 10.0, 14.0, 0.2
#: Bytes per second of a connection, and bytes after which one is torn. A message takes about 2,000; the database is
#: asked many times for one order.
RATE = {"broker": 4_000, "database": 20_000}
TORN = {"broker": 7_000, "database": 20_000}


def _disturb(server: str, seconds: float, begin: Callable[[Proxy], None]) -> Callable[[Scene], None]:
    def happen(scene: Scene) -> None:
        proxy: Proxy = getattr(scene.stack, f"{server}_proxy")
        begin(proxy)
        scene.bide(seconds, seconds + 1)
        proxy.restore()

    return happen


def _set(name: str, value: Any) -> Callable[[Proxy], None]:
    return lambda proxy: setattr(proxy, name, value)


def _fail_over(scene: Scene) -> None:
    """The standby confirms every commit before the primary is killed, as where nothing may be lost."""
    stack, standby = scene.stack, PostgresqlServer()
    primary = stack.database.server
    standby.create_standby_of(primary)
    standby.start()
    primary.execute("ALTER SYSTEM SET synchronous_standby_names = '*'", "SELECT pg_reload_conf()")
    stack.wait_for(
        lambda: primary.execute("SELECT 1 FROM pg_stat_replication WHERE sync_state = 'sync'"), what="a standby in sync"
    )
    scene.bide(1, 2)
    primary.kill()
    scene.bide(1, 2)
    standby.promote()
    stack.database.move(standby)
    stack.database_proxy.move(standby.port)


def _of(server: str, label: str, ground: Ground, *, spends: bool = False) -> list[Fault]:
    def fault(name: str, does: str, begin: Callable[[Proxy], None], *, seconds: float = CUT, breaks: bool) -> Fault:
        happen = _disturb(server, seconds, begin)
        return Fault(name=f"{label} {name}", does=does, ground=ground, happen=happen, spends=spends and breaks)

    torn = f"connections end within a frame, each after {TORN[server]:,} bytes, for {CUT:g} s"
    return [
        fault("cut off", f"connections reset and refused for {CUT:g} s", Proxy.cut, breaks=True),
        fault("silent", f"nothing passes for {SILENCE:g} s", _set("silent", True), seconds=SILENCE, breaks=True),
        fault("slow", f"{LATENCY * 1000:g} ms each way for {CUT:g} s", _set("latency", LATENCY), breaks=False),
        fault("throttled", f"{RATE[server]:,} bytes a second for {CUT:g} s", _set("rate", RATE[server]), breaks=False),
        fault("torn", torn, _set("torn_after", TORN[server]), breaks=True),
    ]


FAULTS = (
    *_of("broker", "Valkey", EMBEDDED_NETWORK),
    *_of("broker", "RabbitMQ", NETWORK, spends=True),
    *_of("database", "PostgreSQL", NETWORK),
    Fault(
        name="PostgreSQL failover",
        does="primary killed, its synchronous standby promoted",
        ground=NETWORK,
        happen=_fail_over,
    ),
)
