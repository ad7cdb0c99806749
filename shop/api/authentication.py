"""Token authentication: `Authorization: Token …`; tokens are stored hashed and expire."""

from typing import Any

from django.contrib.auth.models import AbstractBaseUser
from django.utils.translation import gettext as _
from drf_spectacular.extensions import OpenApiAuthenticationExtension
from knox.auth import TokenAuthentication
from rest_framework.exceptions import AuthenticationFailed


class Token(TokenAuthentication):
    """Rejects non-alphanumeric bytes as an invalid token; knox would raise on them."""

    def authenticate_credentials(self, token: bytes) -> tuple[AbstractBaseUser, Any]:
        if not token.isalnum():
            raise AuthenticationFailed(_("Invalid token."))
        return super().authenticate_credentials(token)


class TokenScheme(OpenApiAuthenticationExtension):
    target_class = "shop.api.authentication.Token"
    name = "token"

    def get_security_definition(self, auto_schema: Any) -> dict[str, str]:
        return {
            "type": "apiKey",
            "in": "header",
            "name": "Authorization",
            "description": "`Token …`, with a token from `POST /api/v1/auth/token/`.",
        }
