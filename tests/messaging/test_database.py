"""Database connections: sessions that became read-only are dropped, a pooler in transaction mode is refused."""

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

import psycopg
import pytest
from django.contrib.auth.models import Group
from django.db import InternalError, OperationalError, connection, connections, transaction
from django.db.utils import ConnectionHandler
from django.test import Client

from config.parts.database import database_settings
from messaging.broker import database
from tests.stack import pgbouncer
from tests.stack.program import PROJECT
from tests.stack.services import require

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def postgresql():
    if connection.vendor != "postgresql":
        pytest.skip("needs PostgreSQL")


@contextmanager
def read_only() -> Iterator[None]:
    """New sessions of the test database are read-only, as on a server that has become a standby."""
    _default_read_only("on")
    try:
        yield
    finally:
        _default_read_only("off")


def _default_read_only(value: str) -> None:
    """Over a session of its own, which a read-only database does not affect."""
    name = connection.settings_dict["NAME"]
    with psycopg.connect(require("PostgreSQL"), autocommit=True) as server:
        server.execute(f'ALTER DATABASE "{name}" SET default_transaction_read_only = {value}')


def session() -> int:
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_backend_pid()")
        return int(cursor.fetchone()[0])


@pytest.fixture
def read_only_session(postgresql) -> int:
    """This thread's connection began while the database was read-only; the database is well again."""
    connection.close()
    with read_only():
        return session()


def test_a_read_only_session_is_dropped_at_the_first_refused_write(read_only_session):
    with pytest.raises(InternalError):
        Group.objects.create(name="a")
    Group.objects.create(name="a")
    assert session() != read_only_session


def test_a_read_only_session_is_dropped_by_a_refused_transaction(read_only_session):
    with pytest.raises(InternalError), transaction.atomic(), transaction.atomic():
        Group.objects.create(name="a")
    with transaction.atomic():
        Group.objects.create(name="a")
    assert Group.objects.count() == 1


def test_the_health_check_before_a_request_drops_a_read_only_session(read_only_session):
    """What a web server's thread does: no request fails after the failover."""
    connection.health_check_enabled, connection.health_check_done = True, False
    Group.objects.create(name="a")
    assert session() != read_only_session


def test_a_healthy_session_is_kept(postgresql):
    kept = session()
    connection.health_check_enabled, connection.health_check_done = True, False
    Group.objects.create(name="a")
    assert session() == kept


def test_a_lost_session_is_not_usable(postgresql):
    session()
    connection.connection.close()
    assert not connection.is_usable()
    connection.close()


def test_a_read_only_database_is_not_ready(postgresql):
    assert Client().get("/readyz").status_code == 200
    with read_only():
        answer = Client().get("/readyz")
        assert (answer.status_code, answer.json()["database"]) == (503, "down")
    assert Client().get("/readyz").status_code == 200


# -- poolers ----------------------------------------------------------------------------------------------------------


@pytest.fixture
def pooled(postgresql, monkeypatch):
    """A function: the URL of the test database through PgBouncer in `mode`, which this process has not checked yet."""
    monkeypatch.setattr(database, "_unshared", set())
    url = f"{require('PostgreSQL').rpartition('/')[0]}/{connection.settings_dict['NAME']}"
    with ExitStack() as poolers:
        yield lambda mode: poolers.enter_context(pgbouncer.pooled(url=url, mode=mode))


def test_a_pooler_in_transaction_mode_is_refused_each_time(pooled):
    link = ConnectionHandler({"default": database_settings(pooled("transaction"))})["default"]
    for _ in range(2):
        with pytest.raises(database.TransactionPooling, match="pool_mode = session"):
            link.cursor()
        assert link.connection is None


def test_a_pooler_in_session_mode_is_accepted(pooled):
    link = ConnectionHandler({"default": database_settings(pooled("session"))})["default"]
    with link.cursor() as cursor:
        cursor.execute("SELECT 1")
    link.close()


@pytest.mark.parametrize(
    "command",
    [
        ["manage.py", "relay"],
        ["manage.py", "migrate"],
        ["-m", "celery", "-A", "config", "worker", "-Q", "shipping"],
        ["-m", "celery", "-A", "config", "beat", "--pidfile="],
    ],
    ids=lambda command: command[-1] if "celery" not in command else command[4],
)
def test_every_process_refuses_it_at_its_start_with_one_sentence(pooled, command):
    environment = dict(os.environ) | {
        "DATABASE_URL": pooled("transaction"),
        "DJANGO_SETTINGS_MODULE": "config.settings",
    }
    done = subprocess.run(
        [sys.executable, *command],
        env=environment,
        cwd=PROJECT,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode != 0
    assert "behind a pooler in transaction mode" in done.stderr
    assert "Traceback" not in done.stderr


def test_an_unreachable_database_does_not_stop_the_start(monkeypatch):
    def refuse(self):
        raise OperationalError("connection refused")

    monkeypatch.setattr(type(connections[connection.alias]), "ensure_connection", refuse)
    database.refuse_transaction_pooling()
