"""Test stacks: the real processes on real brokers and databases."""

from tests.stack.services import require
from tests.stack.stack import BACKENDS, Stack

__all__ = ["BACKENDS", "Stack", "require"]
