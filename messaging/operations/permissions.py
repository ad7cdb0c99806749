"""Who asks for something on the operator's desk, and what may they do? The services ask, not only the pages."""

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


@dataclass(frozen=True)
class Actor:
    """Somebody who wants something done: a name for the audit, and what they may do.

    `may` answers for a codename of this app, such as `RETRY`.
    """

    name: str
    may: Callable[[str], bool]

    @classmethod
    def of(cls, user: Any) -> Self:
        """The actor behind one of Django's users."""
        return cls(name=user.get_username(), may=lambda codename: bool(user.has_perm(f"{APP}.{codename}")))

    @classmethod
    def system(cls, name: str) -> Self:
        """A trusted actor, such as `cli:ann`: whoever can run a command has the database at their fingertips anyway."""
        return cls(name=name, may=lambda codename: True)

    def require(self, codename: str) -> None:
        """Raises `PermissionDenied` unless the actor may do this."""
        if not self.may(codename):
            raise PermissionDenied(f"{self.name} lacks the permission {APP}.{codename}.")
