"""The audit by the statements that it asked before: most of its time goes into composing them.

A check is a function of the time and of what the database answers. Of one that twice asked the same statements and got
the same answers, only the statements are asked again. Any other answer, and the check itself looks.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from django.db import connection
from django.utils import timezone

from messaging.invariants import Invariant, registered, violations

_MOMENT = re.compile(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d(\.\d+)?")


@dataclass
class _Script:
    """Statements with their parameters, with moments relative to now, and the answers to them."""

    statements: list[tuple[str, tuple[Any, ...]]] = field(default_factory=list)
    answers: list[list[tuple[Any, ...]]] = field(default_factory=list)
    is_confirmed: bool = False

    def holds(self) -> bool:
        """Whether each statement is answered as before."""
        return all(_ask(*each) == answer for each, answer in zip(self.statements, self.answers, strict=True))

    def note(self, execute: Callable[..., Any], sql: str, params: Any, many: bool, context: Any) -> Any:
        statement = sql.replace("%s", "?").replace("%%", "%"), tuple(map(_from_now, params or ()))
        self.statements.append(statement)
        self.answers.append(_ask(*statement))
        return execute(sql, params, many, context)


_scripts: dict[str, _Script] = {}


def broken() -> dict[str, str]:
    """Details of each broken invariant by its name, one line per violation."""
    found = {one.name: _look(one) for one in registered() if not _is_known_to_hold(one)}
    return {name: details for name, details in found.items() if details}


def _is_known_to_hold(one: Invariant) -> bool:
    script = _scripts.get(one.name)
    return script is not None and script.is_confirmed and script.holds()


def _look(one: Invariant) -> str:
    script, former = _Script(), _scripts.pop(one.name, _Script())
    with connection.execute_wrapper(script.note):
        details = "\n".join(violation.detail for violation in violations(one))
    if not details:
        script.is_confirmed = (script.statements, script.answers) == (former.statements, former.answers)
        _scripts[one.name] = script
    return details


def _ask(sql: str, params: tuple[Any, ...]) -> list[tuple[Any, ...]]:
    return connection.connection.execute(sql, tuple(map(_as_moment, params))).fetchall()


def _from_now(value: Any) -> Any:
    is_moment = isinstance(value, str) and _MOMENT.fullmatch(value)
    return datetime.fromisoformat(value).replace(tzinfo=UTC) - timezone.now() if is_moment else value


def _as_moment(value: Any) -> Any:
    is_moment = isinstance(value, timedelta)
    return connection.ops.adapt_datetimefield_value(timezone.now() + value) if is_moment else value
