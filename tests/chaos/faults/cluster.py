"""Faults of a RabbitMQ cluster with quorum queues."""

from tests.chaos.experiment import Fault, Scene
from tests.chaos.grounds import CLUSTER


def _kill_one(scene: Scene) -> None:
    """Orders end while it is away: the other two are a majority."""
    node = scene.chance.choice(scene.stack.broker.nodes)
    node.kill()
    scene.bide(8, 10)
    node.start()


FAULTS = (
    Fault(
        name="RabbitMQ node killed",
        does="SIGKILL to one of three with quorum queues, started after 8 s",
        ground=CLUSTER,
        happen=_kill_one,
        spends=True,
    ),
)
