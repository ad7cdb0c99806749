"""E-mails about an account."""

from typing import Any

from django.conf import settings
from django.contrib.auth.tokens import PasswordResetTokenGenerator, default_token_generator
from django.core.mail import EmailMessage
from django.urls import reverse
from django.utils import translation
from django.utils.encoding import force_bytes
from django.utils.http import urlsafe_base64_encode

from orders.emails.compose import render
from shop.models import User
from shop.payloads import EmailChangeKind


class _NewEmailTokens(PasswordResetTokenGenerator):
    """Tokens that prove who reads the mail of a new address. Another new address or password makes them invalid."""

    key_salt = "shop.accounts.emails.new_email"

    def _make_hash_value(self, user: Any, timestamp: int) -> str:
        return f"{user.pk} {user.password} {timestamp} {user.email} {user.new_email}"


new_email_tokens = _NewEmailTokens()


def password_reset(*, user: User, language: str, message_id: str) -> EmailMessage:
    """E-mail with a password reset link, valid once and for `PASSWORD_RESET_TIMEOUT` seconds."""
    context = _linked(user, "shop:password_reset_confirm", default_token_generator)
    with translation.override(language):
        return render(
            template="shop/accounts/email/password_reset", context=context, to=user.email, message_id=message_id
        )


def email_change(*, user: User, kind: EmailChangeKind, language: str, message_id: str) -> EmailMessage:
    """The e-mail to the new address, with a link as that of a reset, or the notice to the present address."""
    if kind == EmailChangeKind.CONFIRMATION:
        to, context = user.new_email, _linked(user, "shop:email_confirm", new_email_tokens)
    else:
        to, context = user.email, _linked(user, "shop:password_reset")
    with translation.override(language):
        return render(template=f"shop/accounts/email/email_{kind}", context=context, to=to, message_id=message_id)


def _linked(user: User, page: str, tokens: PasswordResetTokenGenerator | None = None) -> dict[str, Any]:
    """Context of an e-mail with a link to `page`, with a token that is valid once if there are `tokens`."""
    parts = [urlsafe_base64_encode(force_bytes(user.pk)), tokens.make_token(user)] if tokens else []
    return {
        "name": user.get_full_name() or user.get_username(),
        "new_email": user.new_email,
        "url": settings.SITE_URL + reverse(page, args=parts),
        "hours": settings.PASSWORD_RESET_TIMEOUT // 3600,
    }
