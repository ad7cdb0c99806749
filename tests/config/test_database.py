"""Settings of the database: either side gives up the other in time."""

import os
import socket
import threading
from contextlib import closing, suppress

import psycopg
import pytest
from django.db import DatabaseError, connection

from config.parts.database import database_settings, watch_client
from messaging.conf import DEFAULTS
from tests.patience import wait_for

SOFT_SHARE = 0.8


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
