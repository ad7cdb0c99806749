"""Compatibility of two JSON schemas: what is accepted may only widen, and what is returned only narrow.

A subset of JSON Schema, the one that pydantic and drf-spectacular write: references, unions, objects, arrays, enums,
formats and limits.
"""

import enum
import operator
from collections.abc import Iterator
from typing import Any, Final

Schema = dict[str, Any]
Roots = tuple[Schema, Schema]
#: Limits that what is accepted must not tighten, each with the comparison that says it did.
_LIMITS: Final = {
    **dict.fromkeys(("minimum", "exclusiveMinimum", "minLength", "minItems"), operator.gt),
    **dict.fromkeys(("maximum", "exclusiveMaximum", "maxLength", "maxItems"), operator.lt),
}
_TEXT_RULES: Final = ("pattern", "const")
_NESTED: Final = ("items", "additionalProperties")
#: Keys that have a rule of their own here, and those that promise nothing. Any other that differs is a break.
_RULED: Final = {
    "types",
    "type",
    "nullable",
    "enum",
    "format",
    "properties",
    "required",
    "$defs",
    *_NESTED,
    *_TEXT_RULES,
}
#: Of a flat schema with several kinds of objects: its options, each of which is judged as a whole.
_UNION: Final = "x-union"
_NOTES: Final = {"title", "description", "default", "example", "examples", "deprecated", "readOnly", "writeOnly"}


class Side(enum.Enum):
    """Who relies on the schema: a producer, whose data we accept, or a consumer, to whom we return data."""

    ACCEPTS = "accepts"
    RETURNS = "returns"


def schema_breaks(
    old: Schema, new: Schema, *, side: Side, roots: Roots, path: str, seen: frozenset[str] = frozenset()
) -> Iterator[str]:
    """Sentences, without a full stop, on what breaks those who rely on `old`. `roots` resolve references."""
    if (ref := f"{old.get('$ref')} {new.get('$ref')}") in seen:
        return
    deeper: dict[str, Any] = {"side": side, "roots": roots, "seen": seen | ({ref} if "$ref" in old else set())}
    before, after = _flat(old, roots[0]), _flat(new, roots[1])
    if _UNION in before or _UNION in after:
        yield from _union_breaks(before.get(_UNION, [old]), after.get(_UNION, [new]), path=path, **deeper)
        return
    for rule in (_type_breaks, _enum_breaks, _rule_breaks, _nested_breaks, _other_breaks):
        yield from (f"{path}: {change}" for change in rule(before, after, side))
    yield from _property_breaks(before, after, path=path, **deeper)
    for key in _NESTED:
        if isinstance(before.get(key), dict) and isinstance(after.get(key), dict):
            yield from schema_breaks(before[key], after[key], path=f"{path}[]", **deeper)


def _flat(schema: Schema, root: Schema) -> Schema:
    """The schema with its reference resolved and its parts merged. `types` is None where every type is allowed."""
    if "$ref" in schema:
        target: Any = root
        for part in schema["$ref"].removeprefix("#/").split("/"):
            target = target[part]
        schema = {**target, **{key: value for key, value in schema.items() if key != "$ref"}}
        return _flat(schema, root)
    flat = {key: value for key, value in schema.items() if key not in ("allOf", "anyOf", "oneOf")}
    flat["types"] = _types(schema)
    for part in schema.get("allOf", ()):
        flat = _both(flat, _flat(part, root))
    for key in ("anyOf", "oneOf"):
        if options := [_flat(part, root) for part in schema.get(key, ())]:
            if sum("object" in (option["types"] or ()) for option in options) > 1:
                flat[_UNION] = schema[key]
            flat = _both(flat, _either(options))
    return flat


def _types(schema: Schema) -> set[str] | None:
    types = schema.get("type")
    if types is None:
        return None
    found = set(types) if isinstance(types, list) else {types}
    return found | ({"null"} if schema.get("nullable") else set())


def _both(one: Schema, other: Schema) -> Schema:
    types = one["types"] if other["types"] is None else other["types"] if one["types"] is None else None
    if types is None and one["types"] is not None:
        types = one["types"] & other["types"]
    return {**one, **other, "types": types}


def _either(options: list[Schema]) -> Schema:
    merged: Schema = {}
    for option in options:
        merged |= option
    types = [option["types"] for option in options]
    merged["types"] = None if None in types else set().union(*types)
    full = [option for option in options if option["types"] != {"null"}] or options
    if all("enum" in option for option in full):
        merged["enum"] = [value for option in options for value in option.get("enum", [None])]
    else:
        merged.pop("enum", None)
    for name, is_tighter in _LIMITS.items():
        merged.pop(name, None)
        if all(name in option for option in full):
            loosest = min if is_tighter is operator.gt else max
            merged[name] = loosest(option[name] for option in full)
    return merged


def _type_breaks(old: Schema, new: Schema, side: Side) -> Iterator[str]:
    before, after = old["types"], new["types"]
    wide, narrow = (after, before) if side is Side.ACCEPTS else (before, after)
    if wide is None:
        return
    wide = wide | ({"integer"} if "number" in wide else set())
    if narrow is None or not narrow <= wide:
        yield f"its type changed from {_named(before)} to {_named(after)}"


def _named(types: set[str] | None) -> str:
    return "anything" if types is None else " or ".join(sorted(types))


def _enum_breaks(old: Schema, new: Schema, side: Side) -> Iterator[str]:
    before, after = old.get("enum"), new.get("enum")
    if side is Side.ACCEPTS and after is not None:
        if before is None:
            yield f"only {_listed(after)} are accepted now"
        elif gone := [value for value in before if value not in after]:
            yield f"{_listed(gone)} is no longer accepted"
    if side is Side.RETURNS and before is not None:
        if after is None:
            yield f"values other than {_listed(before)} may be returned now"
        elif added := [value for value in after if value not in before]:
            yield f"{_listed(added)} may be returned now, which clients do not know"


def _listed(values: list[Any]) -> str:
    return ", ".join(map(str, values))


def _rule_breaks(old: Schema, new: Schema, side: Side) -> Iterator[str]:
    if old.get("format") != new.get("format") and not (side is Side.ACCEPTS and "format" not in new):
        yield f"its format changed from {old.get('format')} to {new.get('format')}"
    if side is Side.RETURNS:
        if "const" in old and new.get("const") != old["const"]:
            yield f"its const changed from {old['const']} to {new.get('const', 'anything')}"
        return
    for name, is_tighter in _LIMITS.items():
        if name in new and (name not in old or is_tighter(new[name], old[name])):
            yield f"its {name} became {new[name]}"
    for name in _TEXT_RULES:
        if name in new and new[name] != old.get(name):
            yield f"its {name} became {new[name]}"


def _nested_breaks(old: Schema, new: Schema, side: Side) -> Iterator[str]:
    """Where one of the two says nothing about items or further fields, and the other does."""
    for key in _NESTED:
        before, after = (None if value in (True, {}) else value for value in (old.get(key), new.get(key)))
        widened = after is None if side is Side.ACCEPTS else before is None
        if before != after and not widened and not (isinstance(before, dict) and isinstance(after, dict)):
            yield f"its {key} changed from {before or 'anything'} to {after or 'anything'}"


def _other_breaks(old: Schema, new: Schema, side: Side) -> Iterator[str]:
    for key in sorted((old.keys() | new.keys()) - _RULED - _NOTES - _LIMITS.keys()):
        if not key.startswith("x-") and old.get(key) != new.get(key):
            yield f"its {key} changed from {old.get(key)} to {new.get(key)}"


def _union_breaks(
    old: list[Schema], new: list[Schema], *, side: Side, roots: Roots, path: str, seen: frozenset[str]
) -> Iterator[str]:
    """Each old option must be accepted by a new one; each new one that is returned must be one of the old."""

    def fits(before: Schema, after: Schema) -> bool:
        return not any(schema_breaks(before, after, side=side, roots=roots, path=path, seen=seen))

    if side is Side.ACCEPTS:
        for option in old:
            if not any(fits(option, each) for each in new):
                yield f"{path}: {_kind(option, roots[0])} is no longer accepted"
    else:
        for option in new:
            if not any(fits(each, option) for each in old):
                yield f"{path}: {_kind(option, roots[1])} may be returned now, which clients do not know"


def _kind(option: Schema, root: Schema) -> str:
    flat = _flat(option, root)
    fields = ", ".join(flat.get("properties", ()))
    return f"{_named(flat['types'])} with the fields {fields}" if fields else _named(flat["types"])


def _property_breaks(
    old: Schema, new: Schema, *, side: Side, roots: Roots, path: str, seen: frozenset[str]
) -> Iterator[str]:
    before, after = old.get("properties", {}), new.get("properties", {})
    required = set(old.get("required", ())), set(new.get("required", ()))
    for name in before:
        if name not in after:
            yield f"{path}: the field {name} was removed"
        else:
            yield from schema_breaks(
                before[name], after[name], side=side, roots=roots, path=f"{path}.{name}", seen=seen
            )
    if side is Side.ACCEPTS:
        yield from (f"{path}: the field {name} became required" for name in sorted(required[1] - required[0]))
    else:
        yield from (f"{path}: the field {n} became optional" for n in sorted((required[0] - required[1]) & set(after)))
