"""Real processes for tests: start, stop, kill, suspend, and read their output."""

import contextlib
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

from tests.patience import PATIENCE, wait_for

PROJECT = Path(__file__).resolve().parents[2]
_SETPRIV = shutil.which("setpriv")
#: On Linux, processes are killed when the test run exits, even if it crashes.
KILLED_WITH_PARENT = [_SETPRIV, "--pdeathsig", "KILL", "--"] if _SETPRIV else []


class Conversation:
    """A Python module in a process of its own that answers each line with a line. Its errors go to a file."""

    def __init__(self, module: str, *, env: dict[str, str], log: Path, cwd: Path = PROJECT) -> None:
        self._log = log
        with log.open("ab") as errors:
            self._popen = subprocess.Popen(
                [*KILLED_WITH_PARENT, sys.executable, "-m", module],
                stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=errors, env=env, cwd=cwd, text=True,
            )  # fmt: skip

    def ask(self, line: str) -> str:
        assert self._popen.stdin is not None
        assert self._popen.stdout is not None
        self._popen.stdin.write(f"{line}\n")
        self._popen.stdin.flush()
        answer = self._popen.stdout.readline()
        assert answer, self._log.read_text()
        return answer

    def end(self) -> None:
        self._popen.kill()
        self._popen.communicate()


class Program:
    """A process in its own group, so that signals reach its children. Its output goes to a file."""

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
        self.ready = ready
        self._popen: subprocess.Popen[bytes] | None = None
        self._began_at = 0

    @property
    def pid(self) -> int:
        assert self._popen is not None, f"{self.name} was not started"
        return self._popen.pid

    @property
    def running(self) -> bool:
        return self._popen is not None and self._popen.poll() is None

    def start(self, *, wait: bool = True) -> None:
        assert not self.running, f"{self.name} is already running"
        self.log.parent.mkdir(parents=True, exist_ok=True)
        self._began_at = self.log.stat().st_size if self.log.exists() else 0
        with self.log.open("ab") as output:
            self._popen = subprocess.Popen(
                [*KILLED_WITH_PARENT, *self.command],
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                env=self.env,
                cwd=self.cwd,
                process_group=0,  # not a session: on Linux, nice values count only within one
            )
        if wait:
            self.wait_ready()

    def wait_ready(self) -> None:
        def ready_or_exited() -> bool:
            assert self.running, f"{self.name} exited with {self.returncode} during startup:\n{self.tail()}"
            return self.ready(self)

        try:
            wait_for(ready_or_exited, what=f"{self.name} is ready")
        except AssertionError as error:
            raise AssertionError(f"{error}\n{self.tail()}") from None

    @property
    def returncode(self) -> int | None:
        return self._popen.poll() if self._popen else None

    def stop(self) -> int:
        """Send SIGTERM, as supervisors do, and return the exit code."""
        assert self._popen is not None
        if self.running:
            self._popen.terminate()
        try:
            code = self._popen.wait(PATIENCE)
        except subprocess.TimeoutExpired:
            self.kill()
            raise AssertionError(f"{self.name} did not exit within {PATIENCE:g} s:\n{self.tail()}") from None
        self._signal_all(signal.SIGKILL)
        return code

    def kill(self) -> None:
        """SIGKILL the process and all its children, as in a power failure."""
        if self._popen is not None:
            self._signal_all(signal.SIGKILL)
            self._popen.wait()

    def restart(self) -> None:
        self.stop()
        self.start()

    def pause(self) -> None:
        """SIGSTOP: the process hangs."""
        self._signal_all(signal.SIGSTOP)

    def resume(self) -> None:
        self._signal_all(signal.SIGCONT)

    def text(self, *, since_start: bool = False) -> str:
        """The process's output; `since_start` omits earlier starts."""
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
