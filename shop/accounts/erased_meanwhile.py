"""Middleware for accounts that are erased while another request of theirs runs, as in a second tab."""

from collections.abc import Callable

from django.contrib import messages
from django.contrib.auth import logout
from django.core.exceptions import ObjectDoesNotExist
from django.db import DatabaseError, IntegrityError
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect
from django.utils.translation import gettext as _

from shop.models import User


class ErasedMeanwhileMiddleware:
    """Signs out whoever's account is gone, instead of a server error: what the request was to write has no owner."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        return self.get_response(request)

    def process_exception(self, request: HttpRequest, exception: Exception) -> HttpResponse | None:
        if not request.user.is_authenticated or not _is_about_rows(exception):
            return None
        if User.objects.filter(pk=request.user.pk).exists():
            return None
        logout(request)
        messages.info(request, _("This account has been deleted."))
        return redirect("shop:home")


def _is_about_rows(exception: Exception) -> bool:
    """A row is missing. `DatabaseError` itself is what Django raises if there is none to update."""
    return isinstance(exception, IntegrityError | ObjectDoesNotExist) or type(exception) is DatabaseError
