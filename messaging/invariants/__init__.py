"""Invariants: apps register their checks here; `manage.py audit` runs them all, the periodic audit in slices."""

from messaging.invariants.of_messages import grace
from messaging.invariants.registry import Feed, Invariant, Scope, Violation, audit, invariant, registered, violations

__all__ = ["Feed", "Invariant", "Scope", "Violation", "audit", "grace", "invariant", "registered", "violations"]
