"""Faults of the embedded broker."""

import redis

from tests.chaos.experiment import Fault, Scene
from tests.chaos.faults.common import HANG, broker_of, hang, kill, restart
from tests.chaos.grounds import EMBEDDED


def _wipe(scene: Scene) -> None:
    with redis.Redis.from_url(scene.stack.broker.url) as client:
        client.flushall()


def _fill(scene: Scene) -> None:
    """`noeviction` with less memory than it uses: every write is refused."""
    with redis.Redis.from_url(scene.stack.broker.url) as client:
        client.config_set("maxmemory", "1")
        scene.bide(8, 10)
        client.config_set("maxmemory", "0")


FAULTS = (
    Fault(
        name="Valkey restarted", does="SIGTERM, started after some seconds", ground=EMBEDDED, happen=restart(broker_of)
    ),
    Fault(name="Valkey killed", does="SIGKILL, started after some seconds", ground=EMBEDDED, happen=kill(broker_of)),
    Fault(name="Valkey hung", does=f"SIGSTOP for {HANG:g} s, SIGCONT", ground=EMBEDDED, happen=hang(broker_of)),
    Fault(name="Valkey wiped", does="FLUSHALL", ground=EMBEDDED, happen=_wipe),
    Fault(name="Valkey full", does="maxmemory reached with noeviction for 8 s", ground=EMBEDDED, happen=_fill),
)
