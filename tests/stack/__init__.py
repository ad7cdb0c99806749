"""How do tests run the real processes on real brokers and databases? `Stack`; see its docstring."""

from tests.stack.services import require
from tests.stack.stack import BACKENDS, Stack

__all__ = ["BACKENDS", "Stack", "require"]
