"""Pages whose numbers are all of one moment."""

from collections.abc import Callable
from functools import wraps
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.template.response import SimpleTemplateResponse

from messaging.models.snapshot import snapshot

View = Callable[..., HttpResponse]


def at_one_moment(view: View) -> View:
    """The admin view, and its template, read one snapshot of the database. Requests that may write are left alone."""

    @wraps(view)
    def consistent(self: Any, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        if request.method not in ("GET", "HEAD"):
            return view(self, request, *args, **kwargs)
        with snapshot():
            response = view(self, request, *args, **kwargs)
            return response.render() if isinstance(response, SimpleTemplateResponse) else response

    return consistent
