"""Middleware for accounts that are erased while another request of theirs runs, as in a second tab."""

from collections.abc import Callable
from typing import Any

from django.contrib import messages
from django.contrib.auth import logout
from django.core.exceptions import ObjectDoesNotExist
from django.db import DatabaseError, IntegrityError
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect
from django.utils.translation import gettext as _

from shop.models import User


class ErasedMeanwhileMiddleware:
    """Signs out a shopper whose account is gone: what the request was to write has no owner, and failed."""

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
    """Whether the account is gone and the exception says that a row is missing, as `DatabaseError` itself does."""
    if not isinstance(exception, IntegrityError | ObjectDoesNotExist) and type(exception) is not DatabaseError:
        return False
    return request.user.is_authenticated and not User.objects.filter(pk=request.user.pk).exists()
