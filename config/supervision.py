"""supervisord's configuration: `var/supervisord.conf`, rewritten at every start.

supervisord starts groups by priority and stops them in reverse, waiting for each: the broker stops last, so that
workers can still return unfinished messages to it.
"""

import configparser
import os
import secrets
import shlex
import sys
import tempfile
from pathlib import Path

from config.private_files import write_private
from config.processes import BROKER, Process

#: The kernel limits a socket's path to 104 bytes on macOS and 108 on Linux.
SOCKET_PATH_LIMIT = 100


def write_configuration(processes: list[Process], *, folder: Path, project: Path) -> Path:
    """Write `supervisord.conf` under `folder` for `processes` that run in the directory `project`; return its path."""
    logs = folder / "log"
    logs.mkdir(parents=True, exist_ok=True)
    names = [process.name for process in processes if process.name != BROKER]
    sections = [
        _supervisord(folder),
        *([_console(project)] if console_can_be_shared() else []),
        *(_program(process, logs=logs, project=project) for process in processes),
        f"[group:conveyor]\nprograms = {','.join(names)}\npriority = 20",
    ]
    path = folder / "supervisord.conf"
    write_private(path, "\n\n".join(sections) + "\n")
    return path


def console_can_be_shared() -> bool:
    """Whether other processes can open this one's standard output: impossible when it is a socket."""
    try:
        Path("/dev/fd/1").open("ab").close()
    except OSError:
        return False
    return True


def _supervisord(folder: Path) -> str:
    root = "user = root\n" if os.geteuid() == 0 else ""
    control, password = _escaped(socket_path(folder)), secrets.token_urlsafe(24)
    login = f"username = conveyor\npassword = {password}"
    return f"""[supervisord]
nodaemon = true
{root}logfile = {_escaped(folder)}/log/supervisord.log
logfile_maxbytes = 10MB
pidfile = {_escaped(folder)}/supervisord.pid
minfds = 1024

[unix_http_server]
file = {control}
chmod = 0700
{login}

[supervisorctl]
serverurl = unix://{control}
{login}

[rpcinterface:supervisor]
supervisor.rpcinterface_factory = supervisor.rpcinterface:make_main_rpcinterface"""


def socket_path(folder: Path) -> Path:
    """supervisord's control socket, in a private temporary directory if its path under `folder` would be too long."""
    path = folder / "supervisor.sock"
    if len(os.fsencode(path)) <= SOCKET_PATH_LIMIT:
        return path
    return Path(tempfile.mkdtemp(prefix="conveyor-")) / "supervisor.sock"


def control_socket(configuration: Path) -> Path | None:
    """The control socket that a written configuration names; None if there is no such file."""
    written = configparser.RawConfigParser()
    if not written.read(configuration):
        return None
    return Path(written["unix_http_server"]["file"].replace("%%", "%"))


def _console(project: Path) -> str:
    """Event listener that prints the processes' output, each line prefixed with the process's name."""
    return f"""[eventlistener:console]
command = {_escaped(sys.executable)} -m config.console
directory = {_escaped(project)}
events = PROCESS_LOG
buffer_size = 5000
priority = 1
stdout_logfile = NONE
stderr_logfile = /dev/fd/1
stderr_logfile_maxbytes = 0"""


def _program(process: Process, *, logs: Path, project: Path) -> str:
    """SIGTERM goes to the process only, which stops its own children; SIGKILL goes to the whole process group.

    supervisord expands the path of a log twice.
    """
    environment = ",".join(f'{name}="{_escaped(value)}"' for name, value in process.environment.items())
    return f"""[program:{process.name}]
command = {_escaped(shlex.join(process.niced))}
directory = {_escaped(project)}
priority = {10 if process.name == BROKER else 20}
environment = {environment}
autorestart = true
startsecs = 2
startretries = 30
stopsignal = TERM
stopasgroup = false
killasgroup = true
stopwaitsecs = {process.stop_seconds}
redirect_stderr = true
stdout_logfile = {_escaped(_escaped(logs))}/{process.name}.log
stdout_logfile_maxbytes = 10MB
stdout_logfile_backups = 2
stdout_events_enabled = true"""


def _escaped(value: object) -> str:
    """supervisord expands `%(name)s`, so a literal percent sign is doubled."""
    return str(value).replace("%", "%%")
