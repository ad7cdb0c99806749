"""Mutation: a protection is taken out of the source of its module while Python imports it.

As a plugin of pytest it takes out the one that WITHOUT_PROTECTION names, before Django imports anything:
`WITHOUT_PROTECTION="the number of the send" python -m pytest -n0 -p tests.simulation.protections.mutation TEST`.
"""

import os
import sys
from collections.abc import Sequence
from importlib.abc import MetaPathFinder
from importlib.machinery import ModuleSpec, PathFinder, SourceFileLoader
from types import CodeType, ModuleType
from typing import Final

from tests.simulation.protections import PROTECTIONS
from tests.simulation.protections.protection import Protection

VARIABLE: Final = "WITHOUT_PROTECTION"


class _Loader(SourceFileLoader):
    """Compiles the changed source. Python's cache has the code of the unchanged one, and is left alone."""

    def __init__(self, fullname: str, path: str, protection: Protection) -> None:
        super().__init__(fullname, path)
        self._protection = protection

    def get_code(self, fullname: str) -> CodeType | None:
        source = self._protection.taken_out_of(self.get_source(fullname) or "")
        return compile(source, self.path, "exec")


class _Finder(MetaPathFinder):
    def __init__(self, protection: Protection) -> None:
        self._protection = protection

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        spec = PathFinder.find_spec(fullname, path, target) if fullname == self._protection.module else None
        if spec is not None and spec.origin is not None:
            spec.loader = _Loader(fullname, spec.origin, self._protection)
        return spec


def take_out(name: str) -> None:
    """Take out the protection of this name. Raises `LookupError` if there is none, and if its module is imported."""
    protection = next((each for each in PROTECTIONS if each.name == name), None)
    if protection is None or protection.module in sys.modules:
        raise LookupError(f"{name!r} is not a protection, or its module is imported already")
    sys.meta_path.insert(0, _Finder(protection))


if VARIABLE in os.environ:
    take_out(os.environ[VARIABLE])
