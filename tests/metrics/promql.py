"""PromQL of rules and dashboards: its names, and an evaluator of the part of the language that they use.

The evaluator is for tests without Prometheus. Where promtool is installed, it evaluates the same series.
"""

import math
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from itertools import pairwise
from typing import Any

import promql_parser as parser

Labels = frozenset[tuple[str, str]]
Vector = dict[Labels, float]
#: By name and labels, samples at fixed intervals; None where there is none.
Series = Mapping[str, Mapping[Labels, Sequence[float | None]]]
_COMPARE: dict[str, Callable[[float, float], bool]] = {
    ">": lambda a, b: a > b, ">=": lambda a, b: a >= b, "<": lambda a, b: a < b, "==": lambda a, b: a == b,
}  # fmt: skip
_COMPUTE: dict[str, Callable[[float, float], float]] = {
    "+": lambda a, b: a + b, "-": lambda a, b: a - b, "*": lambda a, b: a * b,
    "/": lambda a, b: a / b if b else math.nan,
}  # fmt: skip
_SUMMARIES: dict[str, Callable[[list[float]], float]] = {"sum": sum, "max": max, "min": min}


def labels(**pairs: str) -> Labels:
    return frozenset(pairs.items())


def selectors(node: Any) -> Iterator[Any]:
    """Every vector selector below a node."""
    if isinstance(node, parser.VectorSelector):
        yield node
    for name in ("expr", "lhs", "rhs", "vector_selector", "param"):
        if isinstance(child := getattr(node, name, None), parser.Expr):
            yield from selectors(child)
    for child in getattr(node, "args", None) or []:
        yield from selectors(child)


@dataclass
class Evaluator:
    """Evaluates at one time: at the sample with number `at` of series whose samples are `step` apart."""

    series: Series
    step: timedelta
    at: int

    def vector(self, node: Any) -> Vector:
        """The value of an expression that is not a plain number."""
        found = self.evaluate(node)
        assert isinstance(found, dict)
        return found

    def evaluate(self, node: Any) -> Vector | float:
        kinds: dict[str, Callable[[Any], Vector | float]] = {
            "NumberLiteral": lambda node: float(node.val),
            "ParenExpr": lambda node: self.evaluate(node.expr),
            "VectorSelector": self._select,
            "Call": self._call,
            "AggregateExpr": self._aggregate,
            "BinaryExpr": self._combine,
        }
        return kinds[type(node).__name__](node)

    def _select(self, node: Any) -> Vector:
        back = round(node.offset / self.step) if node.offset else 0
        found = ((key, samples[self.at - back]) for key, samples in self._matching(node) if self.at >= back)
        return {key: value for key, value in found if value is not None}

    def _matching(self, node: Any) -> Iterator[tuple[Labels, Sequence[float | None]]]:
        for having, samples in self.series.get(node.name, {}).items():
            own = dict(having)
            if all(_fits(each, own.get(each.name, "")) for each in node.matchers.matchers):
                yield having, samples

    def _increase(self, node: Any, *, per_second: bool) -> Vector:
        """As Prometheus does, without its extrapolation to the borders of the window."""
        window = round(node.range / self.step)
        found: Vector = {}
        for key, samples in self._matching(node.vector_selector):
            seen = [each for each in samples[max(0, self.at - window) : self.at + 1] if each is not None]
            if len(seen) > 1:
                grown = sum(after - before if after >= before else after for before, after in pairwise(seen))
                found[key] = grown / node.range.total_seconds() if per_second else grown
        return found

    def _call(self, node: Any) -> Vector:
        name = node.func.name
        if name in ("rate", "increase"):
            return self._increase(node.args[0], per_second=name == "rate")
        if name == "absent":
            asked = node.args[0].matchers.matchers
            return {} if self.evaluate(node.args[0]) else {frozenset((each.name, each.value) for each in asked): 1.0}
        given = self.evaluate(node.args[0])
        if name == "vector":
            assert isinstance(given, float)
            return {labels(): given}
        assert isinstance(given, dict)
        if name == "clamp_min":
            least = float(node.args[1].val)
            return {key: max(value, least) for key, value in given.items()}
        assert name == "label_replace", name
        added = (node.args[1].val, node.args[2].val)
        return {key | {added}: value for key, value in given.items()}

    def _aggregate(self, node: Any) -> Vector:
        given = self.evaluate(node.expr)
        assert isinstance(given, dict)
        kept = set(node.modifier.labels) if node.modifier else set()
        grouped: dict[Labels, list[float]] = {}
        for key, value in given.items():
            grouped.setdefault(frozenset(pair for pair in key if pair[0] in kept), []).append(value)
        return {key: _SUMMARIES[str(node.op)](values) for key, values in grouped.items()}

    def _combine(self, node: Any) -> Vector | float:
        left, right, sign = self.evaluate(node.lhs), self.evaluate(node.rhs), str(node.op)
        if sign == "or":
            assert isinstance(left, dict)
            assert isinstance(right, dict)
            return right | left
        if sign == "and":
            assert isinstance(left, dict)
            assert isinstance(right, dict)
            return {key: value for key, value in left.items() if key in right}
        if sign == "unless":
            assert isinstance(left, dict)
            assert isinstance(right, dict)
            return {key: value for key, value in left.items() if key not in right}
        if isinstance(left, float) and isinstance(right, float):
            return _COMPUTE[sign](left, right)
        return self._of_vectors(left, right, sign)

    def _of_vectors(self, left: Vector | float, right: Vector | float, sign: str) -> Vector:
        keys = left if isinstance(left, dict) else right
        assert isinstance(keys, dict)
        found: Vector = {}
        for key in keys:
            one = left.get(key) if isinstance(left, dict) else left
            other = right.get(key) if isinstance(right, dict) else right
            if one is None or other is None:
                continue
            if sign in _COMPARE:
                if _COMPARE[sign](one, other):
                    found[key] = one
            else:
                found[key] = _COMPUTE[sign](one, other)
        return found


def _fits(matcher: Any, value: str) -> bool:
    kind = str(matcher.op).removeprefix("MatchOp.")
    equal = bool(re.fullmatch(matcher.value, value)) if kind.endswith("Re") else value == matcher.value
    return equal is not kind.startswith("Not")
