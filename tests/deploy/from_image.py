"""A stack whose processes are those of an image."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

from config import processes
from tests.deploy.image import read_only
from tests.stack import Stack
from tests.stack.program import Program

PRODUCTION = {
    "CONVEYOR_DEMO": "0",
    "CONVEYOR_ALLOW_SIMULATED": "1",
    "SECRET_KEY": "tests-only-tests-only-tests-only-tests-only-tests-only",
    "LOG_LEVEL": "INFO",
}


class FromImage(Stack):
    """Started by their names, from the folder `image`, outside demo mode, as a user without rights."""

    def __init__(self, image: Path, **options: Any) -> None:
        self._image = image
        super().__init__("production", workers={}, **options)
        self.workers = [self._program(process, ready=_has_started) for process in processes.workers()]

    def _program(
        self, process: processes.Process, *, name: str = "", ready: Callable[[Program], bool] = lambda program: True
    ) -> Program:
        program = super()._program(process, name=name, ready=ready)
        python = str(self._image / "venv" / "bin" / "python")
        program.command = read_only([python, "-m", "config.processes", "--run", process.name])
        program.env |= PRODUCTION | {"CONVEYOR_VAR": str(self._image / "app" / "var")}
        program.cwd = self._image / "app"
        return program


def _has_started(worker: Program) -> bool:
    return " ready." in worker.text(since_start=True)
