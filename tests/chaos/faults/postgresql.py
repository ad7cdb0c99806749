"""Faults of PostgreSQL."""

from tests.chaos.experiment import Fault, Scene
from tests.chaos.faults.common import HANG, database_of, hang, kill
from tests.chaos.grounds import PRODUCTION
from tests.chaos.servers.rival import Rival

DEADLOCKS = 3


def _restart(scene: Scene) -> None:
    scene.stack.database.server.restart()


def _read_only(scene: Scene) -> None:
    """Sessions that begin meanwhile stay read-only, as after a failover."""
    database = scene.stack.database
    database.server.execute("ALTER DATABASE shop SET default_transaction_read_only = on")
    database.end_sessions()
    scene.bide(8, 10)
    database.server.execute("ALTER DATABASE shop RESET default_transaction_read_only")


def _refuse(scene: Scene) -> None:
    database = scene.stack.database
    database.server.execute("ALTER ROLE shop CONNECTION LIMIT 2")
    database.end_sessions()
    scene.bide(8, 10)
    database.server.execute("ALTER ROLE shop CONNECTION LIMIT -1")


def _storm(scene: Scene) -> None:
    for _ in range(10):
        scene.stack.database.end_sessions()
        scene.bide(0.2, 1.5)


def _serialize(scene: Scene) -> None:
    """Sessions run at a level at which the database refuses some of them, and asks to repeat the transaction."""
    server = scene.stack.database.server
    server.execute("ALTER SYSTEM SET default_transaction_isolation = 'serializable'", "SELECT pg_reload_conf()")
    scene.bide(8, 10)
    server.execute("ALTER SYSTEM RESET default_transaction_isolation", "SELECT pg_reload_conf()")


def _deadlock(scene: Scene) -> None:
    server = scene.stack.database.server
    before = server.count_deadlocks()
    with Rival(server) as rival:

        def is_enough() -> bool:
            rival.clash()
            return server.count_deadlocks() >= before + DEADLOCKS

        scene.stack.wait_for(is_enough, what=f"{DEADLOCKS} deadlocks")


FAULTS = (
    Fault(name="PostgreSQL restarted", does="restart -m immediate", ground=PRODUCTION, happen=_restart),
    Fault(
        name="PostgreSQL killed",
        does="SIGKILL to each process, started again",
        ground=PRODUCTION,
        happen=kill(database_of),
    ),
    Fault(name="PostgreSQL hung", does=f"SIGSTOP for {HANG:g} s, SIGCONT", ground=PRODUCTION, happen=hang(database_of)),
    Fault(
        name="PostgreSQL read-only",
        does="default_transaction_read_only for 8 s, sessions ended before",
        ground=PRODUCTION,
        happen=_read_only,
    ),
    Fault(name="PostgreSQL out of connections", does="two allowed for 8 s", ground=PRODUCTION, happen=_refuse),
    Fault(
        name="PostgreSQL sessions ended",
        does="pg_terminate_backend of all, ten times",
        ground=PRODUCTION,
        happen=_storm,
    ),
    Fault(
        name="PostgreSQL serializable",
        does="transactions fail with serialization errors for 8 s",
        ground=PRODUCTION,
        happen=_serialize,
    ),
    Fault(
        name="PostgreSQL deadlocks",
        does=f"a rival session locks what the shop does, the other way round, until {DEADLOCKS} deadlocks",
        ground=PRODUCTION,
        happen=_deadlock,
    ),
)
