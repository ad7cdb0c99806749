"""A simulated run on PostgreSQL: the same actors and faults, and borders between the statements of a transaction."""

import datetime as dt
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any
from unittest import mock

import psycopg
from django.conf import settings
from django.db import OperationalError, connection
from django.db.backends.postgresql.base import DatabaseWrapper
from django.db.backends.signals import connection_created
from django.db.migrations.recorder import MigrationRecorder
from django.test.utils import override_settings

from messaging.models import LIVE_STATES, Message
from messaging.relay import wakeup
from tests.factories import ProductFactory
from tests.flush import flush, kept_tables
from tests.simulation import actors
from tests.simulation.postgresql.threads import ThreadScheduler
from tests.simulation.scheduler import ROWS
from tests.simulation.start import scenario, snapshot
from tests.simulation.world import START, World, _soon, _summary
from tests.states.watch import Changes, watched

#: A kind of work: messages of which the database has notified the relays that listen.
NOTIFIED = "notified"
#: Of the statement that claims rows.
_CLAIM = "UPDATE messaging_message SET state = 'sent', sent_at"
#: Messages in flight: few, of which two claims soon take one too many, or enough for several deliveries at once.
BOUNDS = (1, 2, 6)
STALLS = (0.0, 0.03, 0.1)
#: Besides those that the seed draws: more actors in a shorter time, so that more of them meet.
RELAYS, SHOPPERS, TROUBLE = 2, 4, 10.0
_NOW = "STATEMENT_TIMESTAMP()"
_NUMBERED_ANEW = """
    SELECT setval(sequences.oid::regclass, 1, false) FROM pg_class sequences
    JOIN pg_depend ON objid = sequences.oid AND deptype IN ('a', 'i') JOIN pg_class tables ON tables.oid = refobjid
    WHERE sequences.relkind = 'S' AND tables.relname <> ALL(%s)
"""
_TOO_MANY = "SELECT queue, COUNT(*) FROM messaging_message WHERE state = 'sent' GROUP BY queue HAVING COUNT(*) > %s"
_PAUSED = """
    SELECT p.id, m.sent_at, m.task, m.queue FROM messaging_message m JOIN messaging_queuepause p ON p.queue = m.queue
    WHERE m.state = 'sent' AND p.paused_at <= m.sent_at AND (p.resumed_at IS NULL OR p.resumed_at > m.sent_at)
"""


class PostgresqlWorld(World):
    scheduler: ThreadScheduler
    #: A transaction is one step on SQLite, and as many as it has statements here.
    most_steps = 60_000
    _is_away = False

    @property
    def database_is_away(self) -> bool:
        return self._is_away

    @database_is_away.setter
    def database_is_away(self, is_away: bool) -> None:
        self._is_away = is_away
        if is_away:
            self.scheduler.monitor.terminate(self._sessions)
            self.scheduler.ending |= self._sessions

    def look_at_claim(self) -> None:
        raw = connection.connection
        crowded = raw.execute(_TOO_MANY, [settings.CONVEYOR_IN_FLIGHT]).fetchall()
        paused = [(task, queue) for id_, at, task, queue in raw.execute(_PAUSED) if self._is_paused(id_, at)]
        found = {"no more than the bound is in flight": crowded, "nothing of a paused queue is claimed": paused}
        self._breaches |= {name: str(rows) for name, rows in found.items() if rows}

    def _is_paused(self, id_: int, at: dt.datetime) -> bool:
        """Whether the pause was committed by then. Before, a claim sees the queue as it was."""
        return id_ in self.paused and START + dt.timedelta(seconds=self.paused[id_]) <= at

    # -- set up -------------------------------------------------------------------------------------------------------

    def _empty_database(self) -> None:
        """As it was before the first run: of messages that are due at the same time, their places decide."""
        flush()
        raw = connection.connection
        raw.execute(_NUMBERED_ANEW, [[MigrationRecorder.Migration._meta.db_table, *kept_tables()]])
        raw.execute("VACUUM messaging_message")

    def _drawn(self) -> scenario.Scenario:
        plan = super()._drawn()
        shoppers, trouble = SHOPPERS + plan.shoppers, TROUBLE + plan.trouble / 5
        return replace(plan, relays=RELAYS, shoppers=shoppers, trouble=trouble, pause=scenario.LARGE.pause)

    def _watched(self) -> Changes:
        return self._stack.enter_context(watched())

    def _scheduler(self, **options: Any) -> ThreadScheduler:
        self._sessions: set[int] = set()
        return ThreadScheduler(on_wait=self._on_wait, **options)

    def _connect_database(self) -> None:
        connection_created.connect(self._session_begins)
        self._stack.callback(connection_created.disconnect, self._session_begins)
        self._stack.enter_context(connection.execute_wrapper(self._statement))
        ProductFactory.create(sku=snapshot.SKU, stock=snapshot.STOCK)
        self.scheduler.haste, self.scheduler.stalls = 0.5, self.chance.stream("stalls").choice(STALLS)

    def end_faults(self) -> None:
        self.scheduler.haste = self.scheduler.stalls = 0.0
        super().end_faults()

    def _database_patches(self) -> Iterator[Any]:
        """What Django does at the borders of sessions and transactions."""
        names = ("get_new_connection", "_close", "_commit")
        connect, close, commit = (getattr(DatabaseWrapper, name) for name in names)

        def begin(wrapper: Any, parameters: Any) -> Any:
            if self.scheduler.is_running and self._is_away:
                raise psycopg.OperationalError("the simulated database is away")
            return connect(wrapper, parameters)

        def end(wrapper: Any) -> None:
            if wrapper.connection is not None:
                session = wrapper.connection.info.backend_pid
                self._sessions.discard(session)
                self.scheduler.ending.add(session)
            close(wrapper)

        def finish(wrapper: Any) -> None:
            self.scheduler.border("commits")
            self.scheduler.ask(lambda: commit(wrapper), statement="COMMIT", session=wrapper.connection.info.backend_pid)
            self._announce()

        yield override_settings(CONVEYOR_IN_FLIGHT=self.chance.stream("bound").choice(BOUNDS))
        yield mock.patch.object(DatabaseWrapper, "get_new_connection", begin)
        yield mock.patch.object(DatabaseWrapper, "_close", end)
        yield mock.patch.object(DatabaseWrapper, "_commit", finish)
        yield mock.patch.object(wakeup.Listener, "wait", lambda _listener, seconds: self._listen(seconds))

    def _session_begins(self, connection: Any, **_sent: Any) -> None:
        if self.scheduler.is_running:
            if self._statement not in connection.execute_wrappers:
                connection.execute_wrappers.append(self._statement)
            self._sessions.add(connection.connection.info.backend_pid)

    # -- what actors do -----------------------------------------------------------------------------------------------

    def _statement(self, execute: Callable[..., Any], sql: str, params: Any, many: bool, context: Any) -> Any:
        if not self.scheduler.is_running:
            return execute(self._at_simulated_time(sql), params, many, context)
        self.scheduler.border(_summary(sql))
        timed, wrapper = self._at_simulated_time(sql), context["connection"]
        session = wrapper.connection.info.backend_pid
        answer = self.scheduler.ask(
            lambda: self._answered(execute, timed, params, many, context), statement=sql, session=session
        )
        if "INSERT INTO messaging_message " in sql:
            self.scheduler.news.add(ROWS)
        if "pg_notify" in sql and context["cursor"].rowcount:
            self.scheduler.news.add(NOTIFIED)
        if not wrapper.in_atomic_block:
            self._announce()
        return answer

    def _answered(self, execute: Callable[..., Any], sql: str, *rest: Any) -> Any:
        try:
            return execute(sql, *rest)
        except OperationalError as error:
            if isinstance(error.__cause__, psycopg.errors.DeadlockDetected):
                self._breaches["locks are taken in one order"] = str(error)
            raise

    def _on_wait(self, statement: str) -> None:
        if _CLAIM in statement:
            self._breaches["a claim waits for no row"] = statement

    def _announce(self) -> None:
        """What is committed may be found."""
        news = self.scheduler.news
        for kind in sorted(news):
            self.scheduler.announce(kind)
        news.clear()

    def _listen(self, seconds: float) -> None:
        self.scheduler.sleep(seconds, wakes_for=frozenset({NOTIFIED}))
        with connection.wrap_database_errors:
            for _ in connection.connection.notifies(timeout=0):
                pass

    def _at_simulated_time(self, sql: str) -> str:
        return sql.replace(_NOW, f"'{self._database_now().isoformat()}'::timestamptz") if _NOW in sql else sql

    def _look_at_quiet_point(self) -> None:
        """An actor may sleep in the middle of a transaction, and what others see is not a quiet point."""

    def _has_live_messages(self) -> bool:
        live = Message.objects.filter(state__in=LIVE_STATES, available_at__lt=_soon())
        return live.exclude(task__in=actors.PERIODIC).exists()
