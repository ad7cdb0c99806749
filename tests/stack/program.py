"""How does a test start a real process, end it well or badly, and read what it printed?"""

import contextlib
import os
import shutil
import signal
import subprocess
import time
from collections.abc import Callable, Sequence
from pathlib import Path

PROJECT = Path(__file__).resolve().parents[2]
_SETPRIV = shutil.which("setpriv")
#: Where Linux can do it, a process dies with the test run that started it, however that ends.
_DIES_WITH_US = [_SETPRIV, "--pdeathsig", "KILL", "--"] if _SETPRIV else []


def wait_for(predicate: Callable[[], object], *, timeout: float = 30.0, what: str = "") -> object:
    """The first true value of `predicate`; an AssertionError after `timeout` seconds."""
    deadline = time.monotonic() + timeout
    while True:
        value = predicate()
        if value:
            return value
        if time.monotonic() > deadline:
            raise AssertionError(f"not within {timeout:g} s: {what or predicate!r}; at last it was {value!r}")
        time.sleep(0.05)


class Program:
    """A process in a session of its own, so that its children can be reached with it. Its output goes to a file."""

    def __init__(
        self,
        name: str,
        command: Sequence[str],
        *,
        env: dict[str, str],
        log: Path,
        ready: Callable[["Program"], bool] = lambda program: True,
        cwd: Path = PROJECT,
    ) -> None:
        self.name, self.command, self.env, self.log, self.cwd = name, list(command), env, log, cwd
        self._ready = ready
        self._popen: subprocess.Popen[bytes] | None = None
        self._began_at = 0

    @property
    def pid(self) -> int:
        assert self._popen is not None, f"{self.name} was never started"
        return self._popen.pid

    @property
    def running(self) -> bool:
        return self._popen is not None and self._popen.poll() is None

    def start(self, *, wait: bool = True) -> None:
        assert not self.running, f"{self.name} runs already"
        self.log.parent.mkdir(parents=True, exist_ok=True)
        self._began_at = self.log.stat().st_size if self.log.exists() else 0
        with self.log.open("ab") as output:
            self._popen = subprocess.Popen(
                [*_DIES_WITH_US, *self.command],
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                env=self.env,
                cwd=self.cwd,
                start_new_session=True,
            )
        if wait:
            self.wait_ready()

    def wait_ready(self, *, timeout: float = 60.0) -> None:
        def ready_or_gone() -> bool:
            assert self.running, f"{self.name} ended with {self.returncode} at its start:\n{self.tail()}"
            return self._ready(self)

        try:
            wait_for(ready_or_gone, timeout=timeout, what=f"{self.name} is ready")
        except AssertionError as error:
            raise AssertionError(f"{error}\n{self.tail()}") from None

    @property
    def returncode(self) -> int | None:
        return self._popen.poll() if self._popen else None

    def stop(self, *, timeout: float = 30.0) -> int:
        """SIGTERM, as every supervisor does; returns the exit code. Fails if it takes longer than `timeout`."""
        assert self._popen is not None
        if self.running:
            self._popen.terminate()
        try:
            code = self._popen.wait(timeout)
        except subprocess.TimeoutExpired:
            self.kill()
            raise AssertionError(f"{self.name} did not end within {timeout:g} s:\n{self.tail()}") from None
        self._signal_all(signal.SIGKILL)
        return code

    def kill(self) -> None:
        """SIGKILL to the process and all its children, as when the machine loses power."""
        if self._popen is not None:
            self._signal_all(signal.SIGKILL)
            self._popen.wait()

    def restart(self) -> None:
        self.stop()
        self.start()

    def pause(self) -> None:
        """SIGSTOP: it is there, but it hangs."""
        self._signal_all(signal.SIGSTOP)

    def resume(self) -> None:
        self._signal_all(signal.SIGCONT)

    def text(self, *, since_start: bool = False) -> str:
        """What it has printed; `since_start` leaves out earlier starts."""
        if not self.log.exists():
            return ""
        with self.log.open("rb") as file:
            file.seek(self._began_at if since_start else 0)
            return file.read().decode(errors="replace")

    def tail(self, lines: int = 40) -> str:
        return "\n".join(self.text().splitlines()[-lines:])

    def _signal_all(self, number: signal.Signals) -> None:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.pid, number)
