"""The audit's findings, for assertions."""

import re
from collections.abc import Callable
from contextlib import ExitStack
from typing import Any

from django.db import connection

from messaging.invariants import Invariant, audit, registered, violations

_WORDS = re.compile(r"\w+")


def broken() -> dict[str, str]:
    """Details of each broken invariant by its name, one line per violation."""
    lines: dict[str, list[str]] = {}
    for violation in audit():
        lines.setdefault(violation.invariant, []).append(violation.detail)
    return {name: "\n".join(details) for name, details in lines.items()}


class AuditOfChanges:
    """The audit of only those invariants that read a table written since.

    What an invariant reads is known from its own last statements.
    """

    def __init__(self) -> None:
        self._tables = frozenset(connection.introspection.django_table_names())
        self._written = set(self._tables)
        self._reads: dict[str, set[str]] = {}
        self._reading: set[str] | None = None
        self._found: dict[str, str] = {}
        self._watch = ExitStack()
        self._watch.enter_context(connection.execute_wrapper(self._look))

    def broken(self) -> dict[str, str]:
        written, self._written = self._written, set()
        for one in registered():
            if not written.isdisjoint(self._reads.get(one.name) or self._tables):
                self._check(one)
        return {name: details for name, details in self._found.items() if details}

    def end(self) -> None:
        self._watch.close()

    def _check(self, one: Invariant) -> None:
        self._reading = self._reads[one.name] = set()
        try:
            self._found[one.name] = "\n".join(violation.detail for violation in violations(one))
        finally:
            self._reading = None

    def _look(self, execute: Callable[..., Any], sql: str, params: Any, many: bool, context: dict[str, Any]) -> Any:
        if self._reading is not None:
            self._reading |= self._named(sql)
        elif not sql.startswith(("SELECT", "BEGIN", "SAVEPOINT", "RELEASE SAVEPOINT")):
            self._written |= self._named(sql)
        return execute(sql, params, many, context)

    def _named(self, sql: str) -> frozenset[str]:
        return self._tables.intersection(_WORDS.findall(sql))
