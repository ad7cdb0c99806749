"""Full database search: finds text in every column of every table."""

import json
from collections.abc import Iterator
from typing import Any

from django.apps import apps
from django.db.models import Field


def places_of(*words: str) -> list[str]:
    """Every `table.column: value` that contains one of `words`, ignoring case. Values are truncated."""
    wanted = [word.lower() for word in words]
    return [
        f"{table}.{column}: {value[:200]}"
        for table, column, value in _values()
        if any(word in value.lower() for word in wanted)
    ]


def _values() -> Iterator[tuple[str, str, str]]:
    for model in apps.get_models(include_auto_created=True):
        if model._meta.proxy or not model._meta.managed:
            continue
        fields = [field for field in model._meta.concrete_fields if isinstance(field, Field)]
        for row in model._base_manager.values_list(*[field.attname for field in fields]):
            for field, value in zip(fields, row, strict=True):
                yield model._meta.db_table, field.column or "", _as_text(value)


def _as_text(value: Any) -> str:
    if isinstance(value, bytes | memoryview):
        return bytes(value).decode(errors="replace")
    return json.dumps(value, default=str, ensure_ascii=False)
