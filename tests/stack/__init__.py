"""Test stacks: the real processes on real brokers and databases."""

from tests.stack.services import require
from tests.stack.stack import BACKENDS, PATIENT, Stack

__all__ = ["BACKENDS", "PATIENT", "Stack", "require"]
