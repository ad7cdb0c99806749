"""Querysets that are compiled once and sent many times.

The ORM builds and compiles a statement anew each time, which costs several times the CPU of sending it
(bench/checkout.py). Here that happens at the first use, with places for the arguments; later uses only fill these.
"""

from collections.abc import Callable, Sequence
from copy import copy
from datetime import datetime
from types import SimpleNamespace
from typing import Any, Generic, TypeVar
from uuid import UUID

from django.db import connection, connections
from django.db.models import Expression, Model, QuerySet
from django.db.models.query import ModelIterable
from django.db.models.sql import UpdateQuery
from django.db.transaction import TransactionManagementError, mark_for_rollback_on_error
from django.utils.timezone import is_naive

from messaging.models.parameters import id_parameter, time_parameter

Row = TypeVar("Row", bound=Model)


class _Place(Expression):
    """Where an argument goes: compiled to a placeholder, with itself as the parameter."""

    def __init__(self, name: str) -> None:
        super().__init__()
        self.name = name

    @property
    def identity(self) -> tuple[type, str]:
        return type(self), self.name

    def as_sql(self, compiler: Any, connection: Any) -> Any:
        return "%s", [self]


class Compiled(Generic[Row]):
    """The queryset that `build` returns for its arguments, compiled once for each kind of database and set of them.

    Arguments are single values that a column is compared with, such as an id or a text; never None, a row or a list.
    They have the column's type: nothing converts them. The queryset is of rows, without `prefetch_related`.
    """

    def __init__(self, build: Callable[..., QuerySet[Row]]) -> None:
        self._build = build
        self._reads: dict[tuple[str, ...], Any] = {}
        self._updates: dict[tuple[Any, ...], tuple[str, Sequence[Any], type[Row]]] = {}

    def all(self, **arguments: Any) -> list[Row]:
        """The rows, as `list(queryset)` returns them. Raises `TransactionManagementError` for a lock outside one."""
        read = self._read(arguments)
        built, compiler = read[0], copy(read[1])
        if built.query.select_for_update and not connection.in_atomic_block:
            raise TransactionManagementError(f"A lock of {built.model.__name__} outside a transaction locks nothing.")
        sql, places = compiler.as_sql()
        statement = sql, _filled(places, arguments)
        compiler.connection, compiler.as_sql = connections[connection.alias], lambda: statement
        queryset = object.__new__(type(built))
        query = SimpleNamespace(get_compiler=lambda using: compiler)
        vars(queryset).update(vars(built), _query=query, _db=connection.alias)
        return list(ModelIterable(queryset))

    def get(self, **arguments: Any) -> Row:
        """The one row. Raises its model's `DoesNotExist`, and `MultipleObjectsReturned`."""
        rows = self.all(**arguments)
        if len(rows) == 1:
            return rows[0]
        model = self._read(arguments)[0].model
        if rows:
            raise model.MultipleObjectsReturned(f"{len(rows)} rows of {model._meta.object_name} match.")
        raise model.DoesNotExist(f"{model._meta.object_name} matching query does not exist.")

    def update(self, values: dict[str, Any], /, **arguments: Any) -> int:
        """Set `values` by field in the rows, and return how many there are. None is a value; an expression is not."""
        key = connection.vendor, tuple(arguments), tuple(values)
        if (found := self._updates.get(key)) is None:
            found = self._updates[key] = _update_of(self._built(arguments), values)
        sql, places, model = found
        saved = {f"={name}": _saved(model, name, value) for name, value in values.items()}
        with mark_for_rollback_on_error(connection.alias), connection.cursor() as cursor:
            cursor.execute(sql, _filled(places, arguments, saved))
            return int(cursor.rowcount)

    def _read(self, arguments: dict[str, Any]) -> Any:
        key = connection.vendor, *arguments
        if (read := self._reads.get(key)) is None:
            read = self._reads[key] = _compiled(self._built(arguments))
        return read

    def _built(self, arguments: dict[str, Any]) -> QuerySet[Row]:
        queryset: Any = self._build(**{name: _Place(name) for name in arguments})
        if queryset._db not in (None, connection.alias):
            raise TypeError("A compiled queryset is of the default database.")
        return queryset


def _compiled(queryset: Any) -> Any:
    """The queryset, and a compiler that has compiled its statement and found which columns need conversion."""
    if queryset._iterable_class is not ModelIterable or queryset._prefetch_related_lookups:
        raise TypeError("A compiled queryset is of rows, without prefetch_related.")
    compiler = queryset.query.get_compiler(using=connection.alias)
    statement = compiler.as_sql()
    converters = compiler.get_converters([each[0] for each in compiler.select])
    compiler.as_sql, compiler.get_converters = lambda: statement, lambda _: converters
    compiler.connection = None  # each use has its own; this one is closed with its thread
    return queryset, compiler


def _update_of(queryset: Any, values: dict[str, Any]) -> tuple[str, Sequence[Any], type[Any]]:
    if queryset.query.is_sliced or queryset.query.distinct_fields:
        raise TypeError("An update has no LIMIT and no DISTINCT: it would change all rows that match.")
    query = queryset.query.chain(UpdateQuery)
    query.add_update_values({name: _Place(f"={name}") for name in values})
    sql, places = query.get_compiler(using=connection.alias).as_sql()
    return sql, places, queryset.model


def _filled(places: Sequence[Any], arguments: dict[str, Any], saved: dict[str, Any] | None = None) -> tuple[Any, ...]:
    values = {name: _compared(name, value) for name, value in arguments.items()} | (saved or {})
    return tuple(values[each.name] if isinstance(each, _Place) else each for each in places)


def _compared(name: str, value: Any) -> Any:
    if value is None or isinstance(value, (Model, list, tuple, set)):
        raise TypeError(f"{name} is compared with a column, so it must be a single value, not {value!r}.")
    match value:
        case UUID():
            return id_parameter(value)
        case datetime() if is_naive(value):
            raise TypeError(f"{name} has no time zone, so that databases would take it for one in UTC.")
        case datetime():
            return time_parameter(value)
    return value


def _saved(model: type[Model], name: str, value: Any) -> Any:
    if hasattr(value, "resolve_expression"):
        raise TypeError(f"{name} is set to an expression, which a compiled update cannot compile; use the ORM's own.")
    field: Any = model._meta.get_field(name)
    return field.get_db_prep_save(value, connection)
