"""Faults of RabbitMQ.

Where it loses its connections, a delivery that was on its way comes back like one that ended its worker: `spends`.
"""

from contextlib import suppress
from subprocess import CalledProcessError

from messaging.topology import topology
from tests.chaos.experiment import Fault, Scene
from tests.chaos.faults.common import HANG, broker_of, hang, kill, restart
from tests.chaos.grounds import PRODUCTION


def _wipe(scene: Scene) -> None:
    scene.stack.broker.wipe()


def _alarm(scene: Scene) -> None:
    scene.stack.broker.control("set_vm_memory_high_watermark", "absolute", "1")
    scene.bide(8, 10)
    scene.stack.broker.control("set_vm_memory_high_watermark", "0.6")


def _purge(scene: Scene) -> None:
    for queue in topology().kombu_queues():
        scene.stack.broker.control("purge_queue", queue.name)


def _delete(scene: Scene) -> None:
    for queue in topology().kombu_queues():
        with suppress(CalledProcessError):  # a consumer has declared it again meanwhile
            scene.stack.broker.control("delete_queue", queue.name)


FAULTS = (
    Fault(
        name="RabbitMQ restarted",
        does="SIGTERM, started again",
        ground=PRODUCTION,
        happen=restart(broker_of),
        spends=True,
    ),
    Fault(
        name="RabbitMQ killed", does="SIGKILL, started again", ground=PRODUCTION, happen=kill(broker_of), spends=True
    ),
    Fault(
        name="RabbitMQ hung",
        does=f"SIGSTOP for {HANG:g} s, SIGCONT",
        ground=PRODUCTION,
        happen=hang(broker_of),
        spends=True,
    ),
    Fault(name="RabbitMQ wiped", does="SIGKILL, all its data deleted, started again", ground=PRODUCTION, happen=_wipe),
    Fault(name="RabbitMQ memory alarm", does="memory limit of 1 byte for 8 s", ground=PRODUCTION, happen=_alarm),
    Fault(name="RabbitMQ queues purged", does="purge_queue of each", ground=PRODUCTION, happen=_purge),
    Fault(name="RabbitMQ queues deleted", does="delete_queue of each", ground=PRODUCTION, happen=_delete),
)
