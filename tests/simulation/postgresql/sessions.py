"""The server's sessions as the scheduler sees them: who waits for whose lock, and which have ended."""

import time
from collections.abc import Collection, Mapping
from typing import Final

import psycopg
from django.db import connection

_ADDRESS: Final = ("host", "port", "user", "password", "dbname")
Blockers = Mapping[int, frozenset[int]]
#: Before the simulation replaces it by its own.
pause: Final = time.sleep
#: Real seconds between two looks.
LOOK_SECONDS: Final = 0.0005


class Monitor:
    """A connection of the scheduler's own. Sessions are known by the process id of their backend."""

    def __init__(self) -> None:
        parameters = connection.get_connection_params()
        plain = {name: value for name, value in parameters.items() if name in _ADDRESS}
        self._raw = psycopg.connect(**plain, autocommit=True, prepare_threshold=0)

    def close(self) -> None:
        self._raw.close()

    def blockers(self, sessions: Collection[int]) -> Blockers:
        """Of each session, those that it waits for: none, if it is at work."""
        rows = self._raw.execute(
            "SELECT pid, pg_blocking_pids(pid) FROM unnest(%s::integer[]) AS pid", [list(sessions)]
        )
        return {pid: frozenset(pids) for pid, pids in rows}

    def terminate(self, sessions: Collection[int]) -> None:
        """End them as a server does that shuts down."""
        self._raw.execute("SELECT pg_terminate_backend(pid) FROM unnest(%s::integer[]) AS pid", [list(sessions)])

    def await_end(self, sessions: Collection[int]) -> None:
        """Return once the server has released all that they had."""
        while self._raw.execute(
            "SELECT FROM pg_stat_activity WHERE pid = ANY(%s::integer[]) LIMIT 1", [list(sessions)]
        ).fetchone():
            pause(LOOK_SECONDS)


def is_deadlocked(session: int, blockers: Blockers) -> bool:
    """Whether the session waits for itself by way of others."""
    seen: set[int] = set()
    found = set(blockers.get(session, ()))
    while found - seen:
        seen |= found
        found = {blocker for each in found for blocker in blockers.get(each, ())}
    return session in seen
