"""Fallback view for unknown URLs below /api/."""

from typing import NoReturn

from django.http import HttpRequest, HttpResponseBase, HttpResponsePermanentRedirect
from django.urls import Resolver404, resolve
from django.utils.translation import gettext as _
from rest_framework.request import Request
from rest_framework.views import APIView

from messaging.operations.api.problems import Problem


class Unknown(APIView):
    """404 as a problem document. Redirects reads that lack the trailing slash, and names the right URL otherwise."""

    schema = None

    def dispatch(self, request: HttpRequest, *args: object, **kwargs: object) -> HttpResponseBase:
        path = request.path_info
        if not path.endswith("/") and _is_known(f"{path}/") and request.method in {"GET", "HEAD"}:
            query = request.META.get("QUERY_STRING", "")
            return HttpResponsePermanentRedirect(f"{path}/?{query}" if query else f"{path}/")
        return super().dispatch(request, *args, **kwargs)

    def initial(self, request: Request, *args: object, **kwargs: object) -> NoReturn:
        detail = _("No resource at this URL.")
        if _is_known(f"{request.path_info}/"):
            detail = _("No resource at this URL. URLs end with a slash: {path}/").format(path=request.path_info)
        raise Problem(404, detail=detail)


def _is_known(path: str) -> bool:
    try:
        return getattr(resolve(path).func, "view_class", None) is not Unknown
    except Resolver404:
        return False
