"""Sign-in by user name or e-mail address, whichever case the address is typed in."""

from typing import Any

from django.contrib.auth.backends import ModelBackend
from django.http import HttpRequest

from shop.models import User


class NameOrEmail(ModelBackend):
    """Django's own backend, which also takes the e-mail address for the name."""

    def authenticate(
        self, request: HttpRequest | None, username: str | None = None, password: str | None = None, **kwargs: Any
    ) -> Any:
        return super().authenticate(request, username=_username(username), password=password, **kwargs)


def typed_name(request: HttpRequest | None, credentials: dict[str, Any] | None = None) -> str:
    """Whose sign-in attempts are counted: other letters of the same address are no fresh start."""
    typed = (credentials or {}).get("username") or (request.POST.get("username") if request else "")
    return str(typed or "").strip().lower()


def _username(typed: str | None) -> str | None:
    """A user name goes before an address, so that nobody takes another's by way of the address."""
    if not typed or "@" not in typed or User.objects.filter(username=typed).exists():
        return typed
    found = User.objects.filter(email__iexact=typed.strip()).values_list("username", flat=True).first()
    return found or typed
