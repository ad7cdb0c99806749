"""Payloads of the shop's own tasks."""

from messaging.payloads import Payload


class PurgeExpired(Payload, task="shop.purge_expired", routing_key="maintenance.purge"):
    """Delete expired sessions and API tokens, and old records of sign-ins."""


class SendPasswordReset(Payload, task="shop.send_password_reset", routing_key="notification.reset"):
    """Send a password reset link to an account's owner. `language` is that of the e-mail."""

    user_id: int
    language: str
