"""Valkey for tests: a private server that tests may stop, wipe and suspend."""

import os
import secrets
import shutil
from pathlib import Path

from config import embedded_broker
from config.private_files import write_private
from tests.ports import free_port
from tests.stack.program import Program


class Valkey:
    """The embedded broker as `make run` starts it, on its own port with its data under `folder`."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.folder = folder
        self.url = _address(folder)
        self.program = Program(
            "broker",
            embedded_broker.launcher(folder=folder),
            env=dict(os.environ),
            log=folder / "log" / "broker.log",
            ready=lambda program: embedded_broker.answers(url=self.url),
        )

    def start(self) -> None:
        self.program.start()

    def stop(self) -> None:
        self.program.stop()

    def kill(self) -> None:
        self.program.kill()

    def pause(self) -> None:
        self.program.pause()

    def resume(self) -> None:
        self.program.resume()

    def wipe(self) -> None:
        """Delete all data. A running server restarts empty."""
        was_running = self.program.running
        self.program.kill()
        shutil.rmtree(self.folder / "valkey" / "appendonlydir", ignore_errors=True)
        if was_running:
            self.start()

    def remove(self) -> None:
        self.program.kill()


def _address(folder: Path) -> str:
    """On a port that no other test gets before the server listens there."""
    path = folder / "valkey.url"
    if not path.exists():
        write_private(path, f"redis://:{secrets.token_urlsafe(24)}@{embedded_broker.HOST}:{free_port()}/0\n")
    return embedded_broker.reclaim(folder=folder)
