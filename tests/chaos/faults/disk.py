"""Faults of a disk: full, and free again after a while."""

from tests.chaos.experiment import Fault, Scene
from tests.chaos.grounds import SMALL_DISK, SMALL_EMBEDDED_DISK


def _fill_brokers(scene: Scene) -> None:
    scene.stack.disk.fill()
    scene.bide(8, 10)
    scene.stack.disk.empty()


def _fill_databases(scene: Scene) -> None:
    """PostgreSQL ends if it cannot write its log, and is started again by whoever watches it."""
    server = scene.stack.database.server
    scene.stack.disk.fill()
    scene.bide(8, 10)
    scene.stack.disk.empty()
    if not server.program.running:
        server.start()


FAULTS = (
    Fault(name="Valkey's disk full", does="no byte free for 8 s", ground=SMALL_EMBEDDED_DISK, happen=_fill_brokers),
    Fault(name="PostgreSQL's disk full", does="no byte free for 8 s", ground=SMALL_DISK, happen=_fill_databases),
)
