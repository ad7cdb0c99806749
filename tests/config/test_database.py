"""The database: either side gives up the other in time, and a command that it fails says so in one line."""

import os
import socket
import subprocess
import sys
import threading
from contextlib import closing, suppress

import psycopg
import pytest
from django.db import DatabaseError, connection

from config.parts.database import database_settings, watch_client
from messaging.conf import DEFAULTS
from tests.patience import PATIENCE, wait_for
from tests.stack import services
from tests.stack.program import PROJECT

SOFT_SHARE = 0.8
FAILED = (
    "manage.py: the database failed: {}. What was done by then is kept. `manage.py doctor` looks for the cause, and "
    "`--traceback` shows where it happened.\n"
)
#: As Ctrl-C between a transaction's last statement and its COMMIT: psycopg does not leave the transaction open.
INTERRUPTED = """
from django.db import connection, transaction
def interrupted():
    raise KeyboardInterrupt
connection.commit = interrupted
with transaction.atomic(), connection.cursor() as cursor:
    cursor.execute("SELECT 1")
"""
LOST = """
from django.db import connection
with connection.cursor() as cursor:
    cursor.execute("SELECT pg_terminate_backend(pg_backend_pid())")
"""


def test_a_database_out_of_reach_is_given_up_before_the_task_that_waits_for_it():
    options = database_settings("postgres://shop@db.example.com/shop")["OPTIONS"]
    silence = options["keepalives_idle"] + options["keepalives_interval"] * options["keepalives_count"]
    limit = DEFAULTS["CONVEYOR_TASK_TIME_LIMIT"] * SOFT_SHARE
    assert options["tcp_user_timeout"] / 1000 < limit
    assert silence < limit


@pytest.mark.django_db(transaction=True)
def test_a_statement_whose_client_is_gone_no_longer_waits_for_its_lock():
    """A task that its time limit ends leaves such a statement, and so does a worker that is killed."""
    if connection.vendor != "postgresql":
        pytest.skip("needs PostgreSQL")
    client = connection.copy()
    with closing(connection.get_new_connection(connection.get_connection_params())) as operator, closing(client):
        operator.execute("LOCK TABLE orders_order IN ACCESS EXCLUSIVE MODE")
        client.inc_thread_sharing()
        client.ensure_connection()
        pid = client.connection.info.backend_pid
        thread = threading.Thread(target=count_orders, args=(client,))
        thread.start()
        wait_for(lambda: session(pid) == "Lock", what="it waits for the lock")
        hang_up(client.connection)
        thread.join()
        wait_for(lambda: session(pid) is None, what="the session has ended while the table is still locked")


class Server:
    """A connection's raw side that answers the statement of a new connection with `error`."""

    vendor, Database = "postgresql", psycopg

    def __init__(self, error: psycopg.Error, *, closed: bool) -> None:
        self.connection, self.error, self.closed = self, error, closed

    def execute(self, _statement: str) -> None:
        raise self.error


def connect_to(error: psycopg.Error, *, closed: bool = False) -> None:
    watch_client(Server(error, closed=closed))


def test_a_server_that_does_not_check_its_clients_is_used_and_said_once(caplog):
    for _connection in range(3):
        connect_to(psycopg.errors.InvalidParameterValue("must be set to 0 on this platform\nDETAIL"))
    connect_to(psycopg.errors.UndefinedObject("unrecognized configuration parameter"))
    reasons = [record.args[0] for record in caplog.records]
    assert reasons == ["must be set to 0 on this platform", "unrecognized configuration parameter"]


def test_a_server_that_closes_a_new_connection_is_not_used():
    with pytest.raises(psycopg.OperationalError):
        connect_to(psycopg.OperationalError("server closed the connection unexpectedly"), closed=True)


@pytest.mark.django_db
def test_a_refused_setting_leaves_the_connection_as_it_is(monkeypatch):
    if connection.vendor != "postgresql":
        pytest.skip("needs PostgreSQL")
    monkeypatch.setattr("config.parts.database.GONE_AFTER", "never ")
    with closing(connection.copy()) as client, client.cursor() as cursor:
        cursor.execute("SELECT 1")
        assert cursor.fetchone() == (1,)


def manage(folder, *arguments, database=""):
    """A command in a process of its own. Without `database`, its SQLite file has no tables."""
    env = os.environ | {"CONVEYOR_VAR": str(folder), "DATABASE_URL": database, "CONVEYOR_DEMO": "1"}
    command = [sys.executable, "manage.py", *arguments]
    return subprocess.run(command, cwd=PROJECT, env=env, capture_output=True, text=True, timeout=PATIENCE, check=False)


def test_a_database_that_is_not_migrated_is_one_line(tmp_path):
    done = manage(tmp_path, "dlq", "list")
    assert (done.returncode, done.stderr) == (1, FAILED.format("no such table: messaging_message"))


def test_a_table_that_postgresql_lacks_is_one_line(tmp_path):
    done = manage(tmp_path, "dlq", "list", database=services.require("PostgreSQL"))
    assert (done.returncode, done.stderr) == (1, FAILED.format('relation "messaging_message" does not exist'))


def test_an_unreachable_database_is_one_line(tmp_path):
    done = manage(tmp_path, "audit", database="postgres://shop@127.0.0.1:1/shop")
    assert (done.returncode, done.stderr.count("\n")) == (1, 1)
    assert "Connection refused. What was done by then is kept." in done.stderr


def test_a_connection_that_is_lost_midway_is_one_line(tmp_path):
    done = manage(tmp_path, "shell", "-v0", "--command", LOST, database=services.require("PostgreSQL"))
    assert (done.returncode, done.stderr.count("\n")) == (1, 1)
    assert done.stderr.startswith("manage.py: the database failed: terminating connection")


def test_a_command_that_is_interrupted_before_its_commit_says_so(tmp_path):
    done = manage(tmp_path, "shell", "-v0", "--command", INTERRUPTED, database=services.require("PostgreSQL"))
    assert (done.returncode, done.stderr) == (130, "manage.py: interrupted. What was done by then is kept.\n")


@pytest.mark.parametrize(
    "arguments",
    [("dlq", "--traceback", "list"), ("shell", "--command", "from django import db; raise db.IntegrityError")],
)
def test_a_traceback_is_shown_on_request_and_for_a_bug(tmp_path, arguments):
    assert manage(tmp_path, *arguments).stderr.startswith("Traceback")


def count_orders(client) -> None:
    with suppress(DatabaseError), client.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM orders_order")


def session(pid: int) -> str | None:
    """What the session waits for; None if there is no such session."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT coalesce(wait_event_type, '') FROM pg_stat_activity WHERE pid = %s", [pid])
        row = cursor.fetchone()
    return row[0] if row else None


def hang_up(raw: psycopg.Connection) -> None:
    with socket.socket(fileno=os.dup(raw.fileno())) as end:
        end.shutdown(socket.SHUT_RDWR)
