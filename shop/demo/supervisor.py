"""Processes of this checkout, through the supervisor of `make run`: no other checkout's are ever touched."""

import configparser
import os
import signal
import socket
import time
from contextlib import closing, suppress
from http.client import HTTPConnection, HTTPException
from pathlib import Path
from typing import Any
from xmlrpc.client import Fault, ProtocolError, ServerProxy

from django.conf import settings

CONSOLE, STOPPED = "console", "STOPPED"
#: The supervisor notices a dead process within a second.
RESTART_SECONDS = 10.0
#: For an answer about the processes, and for one that waits until a process has stopped or runs.
ANSWER_SECONDS, ACTION_SECONDS = 10.0, 60.0
_LOOK_SECONDS = 0.05


class SupervisorAway(RuntimeError):
    """No supervisor answers for this checkout."""

    def __init__(self) -> None:
        super().__init__(f"No supervisor answers in {settings.VAR_DIR}. Start the demo with `make run`.")


class UnknownProcess(LookupError):
    """The supervisor runs no process of this name."""


class NothingChanged(RuntimeError):
    """The process is in the wanted state already."""


def processes() -> dict[str, str]:
    """State of each process by name, such as RUNNING. Raises `SupervisorAway`."""
    return {name: str(info["statename"]) for name, info in _processes().items()}


def command_for(name: str, *, otherwise: str) -> str:
    """The command that starts a process which the demo has stopped; in every other case, `otherwise`."""
    with suppress(SupervisorAway):
        if settings.CONVEYOR_DEMO and processes().get(name) == STOPPED:
            return f"python manage.py demo start {name}"
    return otherwise


def kill(name: str) -> int:
    """SIGKILL a process and its children, as a power failure would; the supervisor starts it again.

    Returns its process ID. Raises `SupervisorAway`, `UnknownProcess` and `NothingChanged`.
    """
    info = _process(name)
    if not info["pid"]:
        raise NothingChanged(f"{name} is not running.")
    try:
        os.killpg(int(info["pid"]), signal.SIGKILL)  # the supervisor gives each process a group of its own
    except ProcessLookupError:
        raise NothingChanged(f"{name} has just ended.") from None
    return int(info["pid"])


def has_restarted(name: str, *, since: int) -> bool:
    """Wait until the process runs under another ID than `since`. False if it does not within `RESTART_SECONDS`.

    A supervisor that does not answer meanwhile may do so soon.
    """
    until = time.monotonic() + RESTART_SECONDS
    while time.monotonic() < until:
        with suppress(SupervisorAway):
            if _process(name)["pid"] not in (0, since):
                return True
        time.sleep(_LOOK_SECONDS)
    return False


def stop(name: str) -> None:
    """Stop a process and wait for its end; it stays stopped until `start`. Raises as `kill`."""
    _call("stopProcess", name, unchanged=f"{name} is not running.")


def start(name: str) -> None:
    """Start a stopped process. Raises as `kill`."""
    _call("startProcess", name, unchanged=f"{name} is already running.")


def _call(method: str, name: str, *, unchanged: str) -> None:
    info = _process(name)
    try:
        _ask(method, f"{info['group']}:{name}", seconds=ACTION_SECONDS)
    except Fault as fault:
        raise NothingChanged(f"{unchanged} ({fault.faultString})") from None


def _process(name: str) -> dict[str, Any]:
    found = _processes()
    if name not in found:
        raise UnknownProcess(f"There is no process {name}. Processes: {', '.join(sorted(found))}.")
    return found[name]


def _processes() -> dict[str, dict[str, Any]]:
    return {info["name"]: info for info in _ask("getAllProcessInfo", seconds=ANSWER_SECONDS) if info["name"] != CONSOLE}


def _ask(method: str, *arguments: str, seconds: float) -> Any:
    from supervisor.xmlrpc import SupervisorTransport

    written = configparser.RawConfigParser()
    if not written.read(Path(settings.VAR_DIR) / "supervisord.conf"):
        raise SupervisorAway
    control = {name: value.replace("%%", "%") for name, value in written["supervisorctl"].items()}
    transport = SupervisorTransport(control["username"], control["password"], control["serverurl"])
    try:
        with closing(_Control(control["serverurl"].removeprefix("unix://"), seconds=seconds)) as connection:
            transport._get_connection = lambda: connection
            return getattr(ServerProxy("http://127.0.0.1", transport=transport).supervisor, method)(*arguments)
    except (OSError, HTTPException, ProtocolError):  # nothing answers, it ended meanwhile, or it is a newer one
        raise SupervisorAway from None


class _Control(HTTPConnection):
    """The supervisor's socket. One that does not answer within `seconds` raises an `OSError`."""

    def __init__(self, path: str, *, seconds: float) -> None:
        super().__init__("localhost", timeout=seconds)
        self._path = path

    def connect(self) -> None:
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(self.timeout)
        self.sock.connect(self._path)
