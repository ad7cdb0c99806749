"""Decorator of views whose forms ask somebody who is signed in for the password."""

from collections.abc import Callable
from functools import wraps
from typing import Any

from django.http import HttpRequest, HttpResponseBase

from shop.limits import policy
from shop.limits.clients import network_of
from shop.limits.counters import take


def asks_for_password(view: Callable[..., HttpResponseBase]) -> Callable[..., HttpResponseBase]:
    """Limits how often the form is sent: for the account on this client, so that nobody else can use it up."""

    @wraps(view)
    def limited(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        if request.method == "POST" and request.user.is_authenticated:
            take(policy.PASSWORD, seat=f"{request.user.pk} {network_of(request)}")
        return view(request, *args, **kwargs)

    return limited
