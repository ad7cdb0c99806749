"""Sessions that keep their key while the secret key changes, and the middleware that reads them.

Django replaces the key of a session that `SECRET_KEY_FALLBACKS` verifies, and deletes the old one in the middle of the
request. A browser that sent a second request meanwhile, or never received the answer, would be signed out.
"""

from typing import Any

from django.contrib.auth import middleware
from django.contrib.sessions.backends import db
from django.http import HttpRequest
from django.utils.functional import SimpleLazyObject


class SessionStore(db.SessionStore):
    is_being_verified = False

    def cycle_key(self) -> None:
        if not self.is_being_verified:
            super().cycle_key()


class AuthenticationMiddleware(middleware.AuthenticationMiddleware):
    def process_request(self, request: HttpRequest) -> None:
        super().process_request(request)
        user: Any = SimpleLazyObject(lambda: _verified_user(request))
        request.user = user


def _verified_user(request: Any) -> Any:
    request.session.is_being_verified = True
    try:
        return middleware.get_user(request)
    finally:
        request.session.is_being_verified = False
