"""Which of RabbitMQ, PostgreSQL and Chromium are there for the tests, and how are the others got?

`bin/test` calls `main`, which prints DATABASE_URL and BROKER_URL, or says what is missing and exits 1.
"""

import functools
import os
import shutil
import sys
from urllib.parse import urlsplit

import psycopg
import pytest
from kombu import Connection

POSTGRESQL_URLS = (
    "postgres://postgres@127.0.0.1:5432/postgres",
    "postgres://conveyor:conveyor@127.0.0.1:5432/postgres",
)
RABBITMQ_URL = "amqp://guest:guest@127.0.0.1:5672//"
BROWSERS = ("chromium", "chromium-browser", "google-chrome")


@functools.cache
def postgresql_url() -> str | None:
    """A database to start from when making others, or None if no server lets us in."""
    given = os.environ.get("TEST_DATABASE_URL")
    return next(filter(_postgresql_answers, [given] if given else POSTGRESQL_URLS), None)


@functools.cache
def rabbitmq_url() -> str | None:
    url = os.environ.get("TEST_BROKER_URL", RABBITMQ_URL)
    return url if _rabbitmq_answers(url) else None


@functools.cache
def chromium_path() -> str | None:
    return next(filter(None, map(shutil.which, BROWSERS)), None)


@functools.cache
def rabbitmq_server() -> str | None:
    """The program that starts a node of RabbitMQ under whatever user calls it."""
    folder = "/usr/lib/rabbitmq/bin"
    return shutil.which("rabbitmq-server", path=f"{folder}:{os.environ.get('PATH', '')}")


PROBES = {
    "PostgreSQL": postgresql_url,
    "RabbitMQ": rabbitmq_url,
    "RabbitMQ's server program": rabbitmq_server,
    "Chromium": chromium_path,
}


def require(name: str) -> str:
    """Where the service is. Without it the test is skipped, or fails where REQUIRE_SERVICES=1."""
    found = PROBES[name]()
    if found:
        return found
    sentence = f"{name} is not there; `make services` installs and starts it"
    if os.environ.get("REQUIRE_SERVICES") == "1":
        pytest.fail(sentence, pytrace=False)
    pytest.skip(sentence)


def _postgresql_answers(url: str) -> bool:
    try:
        psycopg.connect(url, connect_timeout=3).close()
    except psycopg.Error:
        return False
    return True


def _rabbitmq_answers(url: str) -> bool:
    try:
        with Connection(url, connect_timeout=3) as connection:
            connection.connect()
    except Exception:  # kombu's errors depend on the transport, and each of them means no
        return False
    return urlsplit(url).scheme.startswith("amqp")


def main() -> None:
    missing = [name for name in ("PostgreSQL", "RabbitMQ") if not PROBES[name]()]
    if missing:
        sys.exit(
            f"{' and '.join(missing)} not there: their tests are skipped. `make services` installs and starts them."
        )
    sys.stdout.write(f"DATABASE_URL={postgresql_url()} BROKER_URL={rabbitmq_url()}\n")
