"""Operators: who decides about an order, its money and its parcels, and whether they may."""

from dataclasses import dataclass
from typing import Protocol

from django.core.exceptions import PermissionDenied


class Operator(Protocol):
    """A user, of whatever user model the project has."""

    def has_perm(self, perm: str) -> bool: ...

    def get_username(self) -> str: ...


@dataclass(frozen=True, slots=True)
class Trusted:
    """Stands for who decided in a service that has checked a permission of its own; without a name, for the shop."""

    name: str = ""

    def has_perm(self, perm: str) -> bool:
        return True

    def get_username(self) -> str:
        return self.name


def require(permission: str, by: Operator) -> None:
    """Raises `PermissionDenied`."""
    if not by.has_perm(permission):
        raise PermissionDenied(f"{by.get_username()} lacks the permission {permission}.")
