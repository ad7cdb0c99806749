"""Erasures that operators start, for people who ask for theirs by e-mail or on paper. Each is in the audit log.

Which says who, when, why, and the account's number, but not whose it was: the last slice redacts the reason, too.
"""

from typing import Any, Final

from django.apps import apps
from django.contrib.admin.models import DELETION, LogEntry
from django.db.models import Exists, OuterRef, Q, QuerySet
from django.utils.translation import gettext as _

from messaging.models import Message
from messaging.outbox import transaction
from orders.models import Order
from orders.services.operators import require
from shop.accounts import closing
from shop.accounts.services import normalised
from shop.models import Erasure, Review, User

PERMISSION: Final = "shop.erase_account"
ERASE_ACCOUNT: Final = "erase account"
ERASE_GUEST: Final = "erase guest"


@transaction()
def erase_account(*, user: User, by: User, reason: str, with_guests: bool) -> bool:
    """Close an account and erase it, as its owner could. `with_guests` is as in `close_account`.

    Returns whether it begins: not if it has begun already. Raises `CannotErase` and `PermissionDenied`.
    """
    require(PERMISSION, by)
    begun = closing.close_account(user=user, with_guests=with_guests)
    if begun is not None:
        _record(ERASE_ACCOUNT, begun, by, reason, {"account": user.pk, "with_guests": with_guests})
    return begun is not None


@transaction()
def erase_guest(*, email: str, by: User, reason: str) -> Erasure | None:
    """Erase the orders placed with an e-mail address without signing in.

    Returns the erasure, also one that has begun already; None if there are no such orders. Raises `CannotErase` and
    `PermissionDenied`.
    """
    require(PERMISSION, by)
    address = normalised(email)
    begun = closing.erase_guest(email=address)
    if begun is not None:
        _record(ERASE_GUEST, begun, by, reason, {"account": begun.payload["user_id"]})
    return Erasure.objects.filter(guest_email=address).first()


def not_deletable(users: QuerySet[User]) -> QuerySet[User]:
    """Those whose deletion would leave personal data behind, in orders, reviews, messages or records of sign-ins.

    Staff accounts may be deleted, unless they have bought or reviewed something.
    """
    bought, reviewed = (Exists(model._default_manager.filter(user=OuterRef("pk"))) for model in (Order, Review))
    return users.filter(Q(is_staff=False) | bought | reviewed)


def _record(action: str, begun: Message, by: User, reason: str, data: dict[str, Any]) -> None:
    """In the admin's history of the account, and in the desk's audit log."""
    account = User.objects.get(pk=data["account"])
    LogEntry.objects.log_actions(by.pk, [account], DELETION, _("Closed. Its data is being erased."))
    if apps.is_installed("messaging.operations"):
        from messaging.operations import audit
        from messaging.operations.permissions import Actor

        audit.record(action=action, actor=Actor.of(by), reason=reason, message_id=begun.pk, data=data)
