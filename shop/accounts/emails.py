"""E-mails about an account."""

from django.conf import settings
from django.contrib.auth.tokens import default_token_generator
from django.core.mail import EmailMessage
from django.urls import reverse
from django.utils import translation
from django.utils.encoding import force_bytes
from django.utils.http import urlsafe_base64_encode

from orders.emails.compose import render
from shop.models import User


def password_reset(*, user: User, language: str, message_id: str) -> EmailMessage:
    """E-mail with a password reset link, valid once and for `PASSWORD_RESET_TIMEOUT` seconds."""
    parts = [urlsafe_base64_encode(force_bytes(user.pk)), default_token_generator.make_token(user)]
    context = {
        "name": user.get_full_name() or user.get_username(),
        "url": settings.SITE_URL + reverse("shop:password_reset_confirm", args=parts),
        "hours": settings.PASSWORD_RESET_TIMEOUT // 3600,
    }
    with translation.override(language):
        return render(
            template="shop/accounts/email/password_reset", context=context, to=user.email, message_id=message_id
        )
