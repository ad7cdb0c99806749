"""How does a test get a Valkey server of its own, which it may stop, wipe and freeze?"""

import os
import shutil
from pathlib import Path

from config import embedded_broker
from tests.stack.program import Program


class Valkey:
    """The embedded broker on a port of its own with its data under `folder`, as `make run` starts it."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.folder = folder
        self.url = embedded_broker.reclaim(folder=folder)
        self.program = Program(
            "broker",
            embedded_broker.command(url=self.url, folder=folder),
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
        """Lose the disk: the server comes back empty if it was running."""
        was_running = self.program.running
        self.program.kill()
        shutil.rmtree(self.folder / "valkey" / "appendonlydir", ignore_errors=True)
        if was_running:
            self.start()

    def remove(self) -> None:
        self.program.kill()
