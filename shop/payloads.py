"""Payloads of the shop's own tasks."""

from enum import StrEnum

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
