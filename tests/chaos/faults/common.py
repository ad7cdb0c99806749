"""Faults that any server may have: Valkey, RabbitMQ, PostgreSQL."""

from collections.abc import Callable
from typing import Any

from tests.chaos.experiment import Scene

#: Longer than what the shop waits for an answer: 10 s for Valkey's, 5 s to connect to PostgreSQL.
HANG = 14.0
Server = Callable[[Scene], Any]


def broker_of(scene: Scene) -> Any:
    return scene.stack.broker


def database_of(scene: Scene) -> Any:
    return scene.stack.database.server


def kill(server: Server) -> Callable[[Scene], None]:
    def happen(scene: Scene) -> None:
        server(scene).kill()
        scene.bide(2, 4)
        server(scene).start()

    return happen


def restart(server: Server) -> Callable[[Scene], None]:
    def happen(scene: Scene) -> None:
        server(scene).stop()
        scene.bide(2, 4)
        server(scene).start()

    return happen


def hang(server: Server) -> Callable[[Scene], None]:
    def happen(scene: Scene) -> None:
        server(scene).pause()
        scene.bide(HANG, HANG + 2)
        server(scene).resume()

    return happen
