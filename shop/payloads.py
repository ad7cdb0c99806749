"""Payloads of the shop's own tasks."""

from messaging.payloads import Payload


class SendPasswordReset(Payload, task="shop.send_password_reset", routing_key="notification.reset"):
    """Send an account's owner a link to a new password. `language` is the one the e-mail is written in."""

    user_id: int
    language: str
