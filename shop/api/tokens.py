"""Token endpoint: exchanges a user name and password for a token, and revokes it."""

from typing import Any, cast

from django.contrib.auth import authenticate
from django.contrib.auth.models import AbstractBaseUser
from django.db import transaction
from django.utils.translation import gettext as _
from drf_spectacular.utils import extend_schema
from knox.models import AuthToken
from rest_framework.exceptions import AuthenticationFailed
from rest_framework.permissions import IsAuthenticated
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from messaging.operations.api.docs import BODY, problems
from messaging.operations.api.fields import read
from shop.api.inputs import Credentials
from shop.api.outputs import TokenOut
from shop.models import User

#: Of one account. A script that signs in each minute has 600, since each is valid for ten hours.
MOST_TOKENS = 1000


@transaction.atomic
def _create(user: AbstractBaseUser) -> tuple[AuthToken, str] | None:
    """A token of who has just signed in; None if the account was erased or closed meanwhile, or its password changed.

    Beyond `MOST_TOKENS`, the oldest are revoked.

    What revokes the account's tokens changes its row first, so that it comes before this or finds the token.
    """
    present = User.objects.select_for_update(no_key=True).filter(pk=user.pk, password=user.password, is_active=True)
    if present.first() is None:
        return None
    created: tuple[AuthToken, str] = AuthToken.objects.create(user)
    tokens = AuthToken.objects.filter(user=user).order_by("-created", "pk").values_list("pk", flat=True)
    if oldest := list(tokens[MOST_TOKENS : 2 * MOST_TOKENS]):
        AuthToken.objects.filter(pk__in=oldest).delete()
    return created


class Tokens(APIView):
    def get_authenticators(self) -> Any:
        """A request for a new token ignores any that is sent, so that an expired one does not block it."""
        return super().get_authenticators() if getattr(self.request, "method", "") == "DELETE" else []

    def get_permissions(self) -> Any:
        return [IsAuthenticated()] if getattr(self.request, "method", "") == "DELETE" else []

    @extend_schema(
        operation_id="tokens_create",
        request=Credentials,
        responses={200: TokenOut, **problems(*BODY, 401, 429)},
        auth=[],
    )
    def post(self, request: Request) -> Response:
        """Sign in. Send the returned token as `Authorization: Token …`."""
        credentials = read(Credentials, request.data)
        user = authenticate(request._request, username=credentials["username"], password=credentials["password"])
        created = None if user is None else _create(user)
        if created is None:
            raise AuthenticationFailed(_("Wrong user name or password."))
        instance, token = created
        return Response(TokenOut({"token": token, "expiry": instance.expiry}).data)

    @extend_schema(operation_id="tokens_revoke", request=None, responses={204: None, **problems(401)})
    def delete(self, request: Request) -> Response:
        """Sign out: revoke the token that this request is sent with."""
        cast(AuthToken, request.auth).delete()
        return Response(status=204)

    def get_authenticate_header(self, request: Request) -> str:
        """Makes REST framework answer a wrong password with 401 instead of 403."""
        return "Token"

    def finalize_response(self, request: Request, response: Any, *args: Any, **kwargs: Any) -> Any:
        response = super().finalize_response(request, response, *args, **kwargs)
        response["Cache-Control"] = "no-store"
        return response
