"""Faults of the network between the shop and its servers, and a failover of the database."""

from collections.abc import Callable

from tests.chaos.experiment import Fault, Scene
from tests.chaos.grounds import EMBEDDED_NETWORK, NETWORK, Ground
from tests.chaos.servers.postgresql import PostgresqlServer
from tests.proxy import Proxy

CUT, SILENCE, LATENCY = 10.0, 14.0, 0.2


def _proxy(scene: Scene, server: str) -> Proxy:
    proxy: Proxy = getattr(scene.stack, f"{server}_proxy")
    return proxy


def _cut(server: str) -> Callable[[Scene], None]:
    def happen(scene: Scene) -> None:
        proxy = _proxy(scene, server)
        proxy.cut()
        scene.bide(CUT, CUT + 1)
        proxy.restore()

    return happen


def _silence(server: str) -> Callable[[Scene], None]:
    def happen(scene: Scene) -> None:
        proxy = _proxy(scene, server)
        proxy.silent = True
        scene.bide(SILENCE, SILENCE + 2)
        proxy.restore()

    return happen


def _slow(server: str) -> Callable[[Scene], None]:
    def happen(scene: Scene) -> None:
        proxy = _proxy(scene, server)
        proxy.latency = LATENCY
        scene.bide(CUT, CUT + 1)
        proxy.restore()

    return happen


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
    return [
        Fault(
            name=f"{label} cut off",
            does=f"connections reset and refused for {CUT:g} s",
            ground=ground,
            happen=_cut(server),
            spends=spends,
        ),
        Fault(
            name=f"{label} silent",
            does=f"nothing passes for {SILENCE:g} s",
            ground=ground,
            happen=_silence(server),
            spends=spends,
        ),
        Fault(
            name=f"{label} slow",
            does=f"{LATENCY * 1000:g} ms each way for {CUT:g} s",
            ground=ground,
            happen=_slow(server),
        ),
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
