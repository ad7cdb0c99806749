"""A rival session: it locks an order and then the order's messages, while the shop locks them the other way round."""

import time
from types import TracebackType
from typing import Self

import psycopg

from tests.chaos.servers.postgresql import PostgresqlServer

#: Seconds that a session of the shop waits for a lock until it looks for a deadlock, and the longest that the rival
#: holds one. The rival never looks, so that every deadlock ends a transaction of the shop.
LOOKS_AFTER, HOLDS = 0.5, 3.0
_ANY_ORDER = """
    SELECT subject FROM messaging_message JOIN orders_order ON orders_order.number = subject
    WHERE messaging_message.state IN ('pending', 'sent') AND task NOT IN ('orders.cancel_unpaid', 'orders.send_email')
    ORDER BY random() LIMIT 1
"""
_IS_WAITED_FOR = "SELECT EXISTS (SELECT 1 FROM pg_locks WHERE pg_backend_pid() = ANY(pg_blocking_pids(pid)))"


class Rival:
    """A superuser's session in the shop's database."""

    def __init__(self, server: PostgresqlServer) -> None:
        self._server = server
        self._session = psycopg.connect(f"host=127.0.0.1 port={server.port} user=postgres dbname=shop")

    def __enter__(self) -> Self:
        self._server.execute(f"ALTER SYSTEM SET deadlock_timeout = '{LOOKS_AFTER}s'", "SELECT pg_reload_conf()")
        self._session.execute("SET deadlock_timeout = '1h'")
        self._session.execute("SET lock_timeout = '10s'")
        self._session.commit()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._session.close()
        self._server.execute("ALTER SYSTEM RESET deadlock_timeout", "SELECT pg_reload_conf()")

    def clash(self) -> None:
        """Lock an order under way until the shop wants it, then what the shop has locked before."""
        order = self._session.execute(_ANY_ORDER).fetchone()
        if order is not None:
            self._session.execute("SELECT 1 FROM orders_order WHERE number = %s FOR UPDATE", order)
            if self._is_waited_for():
                self._session.execute("SELECT 1 FROM messaging_message WHERE subject = %s FOR UPDATE", order)
        self._session.rollback()

    def _is_waited_for(self) -> bool:
        until = time.monotonic() + HOLDS
        while time.monotonic() < until:
            row = self._session.execute(_IS_WAITED_FOR).fetchone()
            if row is not None and row[0]:
                return True
            time.sleep(LOOKS_AFTER / 10)
        return False
