"""Payloads of the shop's own tasks."""

from enum import StrEnum
from uuid import UUID

from messaging.payloads import Payload


class PurgeExpired(Payload, task="shop.purge_expired", routing_key="maintenance.purge"):
    """Delete expired sessions and API tokens, and old records of sign-ins."""


class SendPasswordReset(Payload, task="shop.send_password_reset", routing_key="notification.reset"):
    """Send a password reset link to an account's owner. `language` is that of the e-mail."""

    user_id: int
    language: str


class EmailChangeKind(StrEnum):
    """The notice goes to the present address and comes first, as the other one may change it."""

    NOTICE = "notice"
    CONFIRMATION = "confirmation"


class SendEmailChange(Payload, task="shop.send_email_change", routing_key="notification.email_change"):
    """Send a link that confirms an account's new e-mail address, or the notice of it. `language` is the e-mail's."""

    user_id: int
    language: str
    kind: EmailChangeKind


class DeleteOrphanedSessions(Payload, task="shop.delete_orphaned_sessions", routing_key="maintenance.sessions"):
    """Delete the sessions of accounts that no longer exist, of those with a key greater than `after`."""

    after: str = ""


class EraseAccount(Payload, task="shop.erase_account", routing_key="maintenance.erase"):
    """Erase the next of a closed account's orders, with a key greater than `after`, and in the end the account."""

    user_id: int
    after: int = 0


class SendReturnLabel(Payload, task="shop.send_return_label", routing_key="notification.return_label"):
    """Book the parcel of a return with a carrier, and e-mail the shopper its label."""

    return_id: UUID


class CancelReturnParcel(Payload, task="shop.cancel_return_parcel", routing_key="shipment.cancel_return"):
    """Cancel the booking of the parcel of a return that was cancelled."""

    return_id: UUID


class ReturnEmailKind(StrEnum):
    RECEIVED = "received"
    REJECTED = "rejected"
    CANCELLED = "cancelled"


class SendReturnEmail(Payload, task="shop.send_return_email", routing_key="notification.return"):
    """E-mail the shopper that a return was received, rejected or cancelled."""

    return_id: UUID
    kind: ReturnEmailKind


class FollowReturns(Payload, task="shop.follow_returns", routing_key="maintenance.returns"):
    """Cancel returns whose parcel never came, and complete those whose money went back in another way."""
