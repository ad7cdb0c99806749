"""Service discovery: RabbitMQ, PostgreSQL, PgBouncer, OpenSSL and Chromium for tests.

`bin/test` calls `main`, which prints DATABASE_URL and BROKER_URL, or lists what is missing and exits with 1.
"""

import functools
import os
import shutil
import sys
from collections.abc import Callable
from pathlib import Path
from urllib.parse import urlsplit

import psycopg
import pytest
from kombu import Connection

POSTGRESQL_URLS = (
    "postgres://postgres@127.0.0.1:5432/postgres",
    "postgres://conveyor:conveyor@127.0.0.1:5432/postgres",
)
RABBITMQ_URL = "amqp://guest:guest@127.0.0.1:5672//"
#: The first has no window, which takes two thirds of the CPU of a page that a test opens.
BROWSERS = ("chromium-headless-shell", "chromium", "chromium-browser", "google-chrome")


@functools.cache
def postgresql_url() -> str | None:
    """A maintenance database from which others are created, or None if no server accepts the login."""
    given = os.environ.get("TEST_DATABASE_URL")
    return next(filter(_postgresql_accepts, [given] if given else POSTGRESQL_URLS), None)


@functools.cache
def rabbitmq_url() -> str | None:
    url = os.environ.get("TEST_BROKER_URL", RABBITMQ_URL)
    return url if _rabbitmq_accepts(url) else None


@functools.cache
def chromium_path() -> str | None:
    return next(filter(None, map(shutil.which, BROWSERS)), None)


@functools.cache
def rabbitmq_server() -> str | None:
    """The program that starts a RabbitMQ node as the calling user; the one on PATH may insist on root."""
    folder = "/usr/lib/rabbitmq/bin"
    return shutil.which("rabbitmq-server", path=f"{folder}:{os.environ.get('PATH', '')}")


@functools.cache
def postgresql_server() -> str | None:
    """The newest server program; Debian keeps those of each version in a folder that is not on PATH."""
    installed = sorted(Path("/usr/lib/postgresql").glob("*/bin/postgres"), key=lambda path: int(path.parts[4]))
    return str(installed[-1]) if installed else shutil.which("postgres")


def openssl() -> str | None:
    return shutil.which("openssl")


def pgbouncer() -> str | None:
    return shutil.which("pgbouncer", path=f"/usr/sbin:{os.environ.get('PATH', '')}")


PROBES: dict[str, Callable[[], str | None]] = {
    "PostgreSQL": postgresql_url,
    "PostgreSQL's server program": postgresql_server,
    "RabbitMQ": rabbitmq_url,
    "RabbitMQ's server program": rabbitmq_server,
    "Chromium": chromium_path,
    "OpenSSL": openssl,
    "PgBouncer": pgbouncer,
}


def require(name: str) -> str:
    """The service's URL or path. If it is missing, the test is skipped, or fails with REQUIRE_SERVICES=1."""
    found = PROBES[name]()
    if found:
        return found
    message = f"{name} is not available; `make services` installs and starts it"
    if os.environ.get("REQUIRE_SERVICES") == "1":
        pytest.fail(message, pytrace=False)
    pytest.skip(message)


def _postgresql_accepts(url: str) -> bool:
    try:
        psycopg.connect(url, connect_timeout=30).close()
    except psycopg.Error:
        return False
    return True


def _rabbitmq_accepts(url: str) -> bool:
    try:
        with Connection(url, connect_timeout=30) as connection:
            connection.connect()
    except Exception:  # kombu's errors depend on the transport
        return False
    return urlsplit(url).scheme.startswith("amqp")


def main() -> None:
    missing = [name for name in ("PostgreSQL", "RabbitMQ") if not PROBES[name]()]
    if missing:
        sys.exit(
            f"{' and '.join(missing)} not available: skipping their tests. `make services` installs and starts them."
        )
    sys.stdout.write(f"DATABASE_URL={postgresql_url()} BROKER_URL={rabbitmq_url()}\n")
