"""The audit by the statements that it asked before: most of its time goes into composing them.

A check is a function of the time and of what the database answers. Of one that twice asked the same statements and got
the same answers, only the statements are asked again. Any other answer, and the check itself looks. A check may have
several such scripts: while there are orders, it asks more than in an empty shop. While nobody writes to the tables that
it reads, and the time is not among its parameters, its answers cannot change, and it is not asked at all.
"""

import re
from collections.abc import Callable, Collection
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import cache, cached_property
from typing import Any

from django.db import connection
from django.utils import timezone

from messaging.invariants import Invariant, registered, violations

_Statement = tuple[str, tuple[Any, ...]]
_Answers = dict[_Statement, list[tuple[Any, ...]]]
_TABLE = re.compile(r"\b(?:messaging|operations|orders|payments|shipping|shop)_\w+")
_MOMENT = re.compile(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d(\.\d+)?")


@dataclass
class _Script:
    """Statements with their parameters, with moments relative to now, and the answers to them."""

    statements: list[_Statement] = field(default_factory=list)
    answers: list[list[tuple[Any, ...]]] = field(default_factory=list)
    is_confirmed: bool = False

    def holds(self, known: _Answers) -> bool:
        """Whether each statement is answered as before. `known` are the answers at this moment."""
        pairs = zip(self.statements, self.answers, strict=True)
        return all(_answer(statement, known) == answer for statement, answer in pairs)

    @cached_property
    def tables(self) -> frozenset[str] | None:
        """What decides about the answers; None: the time as well."""
        if any(isinstance(value, timedelta) for _sql, params in self.statements for value in params):
            return None
        return frozenset(table for sql, _params in self.statements for table in tables(sql))

    def is_like(self, other: "_Script") -> bool:
        return self.statements == other.statements and self.answers == other.answers

    def note(self, execute: Callable[..., Any], sql: str, params: Any, many: bool, context: Any) -> Any:
        statement = sql.replace("%s", "?").replace("%%", "%"), tuple(map(_from_now, params or ()))
        self.statements.append(statement)
        self.answers.append(_ask(*statement))
        return execute(sql, params, many, context)


#: Scripts of a check that are kept, the latest first.
MOST_SCRIPTS = 8
#: Their grace is longer than any run, which cannot break them: `rules.at_rest` has stricter ones.
NOT_ASKED = ("no sent message is lost",)
_scripts: dict[str, list[_Script]] = {}


def broken(*, besides: Collection[str] = (), touched: Collection[str] | None = None) -> dict[str, str]:
    """Details of each broken invariant by its name, one line per violation; `besides` are not asked.

    `touched` are the tables that were written to since the last time that all held; None: any.
    """
    known: _Answers = {}
    asked = [one for one in registered() if one.name not in NOT_ASKED and one.name not in besides]
    asked = [one for one in asked if touched is None or _concerns(one, touched)]
    if connection.vendor != "sqlite":
        found = {one.name: _details(one) for one in asked}
    else:
        found = {one.name: _look(one) for one in asked if not _is_known_to_hold(one, known)}
    return {name: details for name, details in found.items() if details}


@cache
def tables(sql: str) -> frozenset[str]:
    """Tables of the shop and the engine that a statement names."""
    return frozenset(_TABLE.findall(sql))


def _concerns(one: Invariant, touched: Collection[str]) -> bool:
    scripts = _scripts.get(one.name)
    return not scripts or any(script.tables is None or not script.tables.isdisjoint(touched) for script in scripts)


def _is_known_to_hold(one: Invariant, known: _Answers) -> bool:
    return any(script.is_confirmed and script.holds(known) for script in _scripts.get(one.name, ()))


def _look(one: Invariant) -> str:
    script, former = _Script(), _scripts.setdefault(one.name, [])
    with connection.execute_wrapper(script.note):
        details = _details(one)
    if not details:
        script.is_confirmed = any(script.is_like(other) for other in former)
        _scripts[one.name] = [script, *(other for other in former if not script.is_like(other))][:MOST_SCRIPTS]
    return details


def _details(one: Invariant) -> str:
    return "\n".join(violation.detail for violation in violations(one))


def _answer(statement: _Statement, known: _Answers) -> list[tuple[Any, ...]]:
    if statement not in known:
        known[statement] = _ask(*statement)
    return known[statement]


def _ask(sql: str, params: tuple[Any, ...]) -> list[tuple[Any, ...]]:
    return connection.connection.execute(sql, tuple(map(_as_moment, params))).fetchall()


def _from_now(value: Any) -> Any:
    is_moment = isinstance(value, str) and _MOMENT.fullmatch(value)
    return datetime.fromisoformat(value).replace(tzinfo=UTC) - timezone.now() if is_moment else value


def _as_moment(value: Any) -> Any:
    is_moment = isinstance(value, timedelta)
    return connection.ops.adapt_datetimefield_value(timezone.now() + value) if is_moment else value
