"""Faults of the embedded broker."""

import redis

from tests.chaos.experiment import Fault, Scene
from tests.chaos.grounds import EMBEDDED

#: Longer than the socket timeout of the shop's connections (10 s).
HANG = 14.0


def _restart(scene: Scene) -> None:
    scene.stack.broker.stop()
    scene.bide(2, 4)
    scene.stack.broker.start()


def _kill(scene: Scene) -> None:
    scene.stack.broker.kill()
    scene.bide(2, 4)
    scene.stack.broker.start()


def _hang(scene: Scene) -> None:
    scene.stack.broker.pause()
    scene.bide(HANG, HANG + 2)
    scene.stack.broker.resume()


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
    Fault(name="Valkey restarted", does="SIGTERM, started after some seconds", ground=EMBEDDED, happen=_restart),
    Fault(name="Valkey killed", does="SIGKILL, started after some seconds", ground=EMBEDDED, happen=_kill),
    Fault(name="Valkey hung", does=f"SIGSTOP for {HANG:g} s, SIGCONT", ground=EMBEDDED, happen=_hang),
    Fault(name="Valkey wiped", does="FLUSHALL", ground=EMBEDDED, happen=_wipe),
    Fault(name="Valkey full", does="maxmemory reached with noeviction for 8 s", ground=EMBEDDED, happen=_fill),
)
