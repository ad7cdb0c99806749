"""Permissions of the desk, checked by its services rather than only by its pages."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final, Self

from django.core.exceptions import PermissionDenied

APP = "operations"

VIEW: Final = "view_failedtask"
REVEAL: Final = "reveal_payload"
RETRY: Final = "retry_message"
BULK: Final = "bulk_retry"
VIEW_BULK: Final = "view_bulkoperation"
EDIT: Final = "edit_message"
DISCARD: Final = "discard_message"
PAUSE: Final = "pause_queue"
DELETE_FILTER: Final = "delete_savedfilter"


@dataclass(frozen=True)
class Actor:
    """Who performs an action: the name written to the audit log, and their permissions.

    `may` takes a codename of this app, such as `RETRY`.
    """

    name: str
    may: Callable[[str], bool]

    @classmethod
    def of(cls, user: Any) -> Self:
        """The actor for a Django user."""
        return cls(name=user.get_username(), may=lambda codename: bool(user.has_perm(f"{APP}.{codename}")))

    @classmethod
    def system(cls, name: str) -> Self:
        """A trusted actor, such as `cli:ann`: anyone who can run a command can access the database anyway."""
        return cls(name=name, may=lambda codename: True)

    def require(self, codename: str) -> None:
        """Raises `PermissionDenied` unless the actor has this permission."""
        if not self.may(codename):
            raise PermissionDenied(f"{self.name} lacks the permission {APP}.{codename}.")
