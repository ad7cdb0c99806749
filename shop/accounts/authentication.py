"""Sign-in by user name or e-mail address, with the address in any letter case."""

from typing import Any

from django.contrib.auth.backends import ModelBackend
from django.http import HttpRequest

from shop.limits import policy
from shop.limits.clients import network_of
from shop.limits.counters import take
from shop.models import User


class NameOrEmail(ModelBackend):
    """Django's model backend that also accepts an e-mail address. Every door signs in here, so it counts tries."""

    def authenticate(
        self, request: HttpRequest | None, username: str | None = None, password: str | None = None, **kwargs: Any
    ) -> Any:
        if request is not None:
            take(policy.SIGN_IN, client=network_of(request) or "unknown")
        return super().authenticate(request, username=_username(username), password=password, **kwargs)

    def get_user(self, user_id: Any) -> User | None:
        """With the basket, whose count every page shows, in one statement."""
        user = User.objects.select_related("basket").filter(pk=user_id).first()
        return user if user and self.user_can_authenticate(user) else None


def typed_name(request: HttpRequest | None, credentials: dict[str, Any] | None = None) -> str:
    """Name by which failed sign-ins are counted: the account's, whether its name or address was typed, in any case."""
    typed = (credentials or {}).get("username") or (request.POST.get("username") if request else "")
    return (_username(str(typed or "")) or "").strip().lower()


def _username(typed: str | None) -> str | None:
    """User names take precedence over addresses, so that nobody can hijack an account through its address."""
    if not typed or "@" not in typed or User.objects.filter(username=typed).exists():
        return typed
    found = User.objects.filter(email__iexact=typed.strip()).values_list("username", flat=True).first()
    return found or typed
