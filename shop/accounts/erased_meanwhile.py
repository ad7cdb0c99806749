"""Middleware for accounts that are closed while another request of theirs runs, as in a second tab."""

from collections.abc import Callable
from typing import Any, Final

from django.contrib import messages
from django.contrib.auth import logout
from django.core.exceptions import ObjectDoesNotExist
from django.db import DatabaseError, IntegrityError
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect
from django.utils.translation import gettext as _

from shop.models import User

_NOTHING_UPDATED: Final = ("DatabaseError", "NotUpdated")


class ErasedMeanwhileMiddleware:
    """Signs out a shopper whose account is closed: what the request was to write has no owner, and failed."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        return self.get_response(request)

    def process_exception(self, request: HttpRequest, exception: Exception) -> HttpResponse | None:
        if not is_erased(request, exception):
            return None
        logout(request)
        messages.info(request, _("This account has been deleted."))
        return redirect("shop:home")


def is_erased(request: Any, exception: Exception) -> bool:
    """Whether the account is closed and the exception may come of it."""
    user = request.user
    return user.is_authenticated and _is_missing(exception) and not _accounts(user.pk).filter(is_active=True).exists()


def is_gone(pk: Any, exception: Exception) -> bool:
    """Whether the account is gone and the exception may come of it."""
    return _is_missing(exception) and not _accounts(pk).exists()


def _accounts(pk: Any) -> QuerySet[User]:
    return User.objects.filter(pk=pk)


def _is_missing(exception: Exception) -> bool:
    """Whether the exception says that a row is missing.

    `DatabaseError` itself does, for which newer releases of Django have a class of its own.
    """
    nothing_updated = isinstance(exception, DatabaseError) and type(exception).__name__ in _NOTHING_UPDATED
    return nothing_updated or isinstance(exception, IntegrityError | ObjectDoesNotExist)
