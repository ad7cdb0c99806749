"""Base of the desk's views: staff with one permission, JSON in and out, problem documents."""

from collections.abc import Callable, Sequence
from typing import Any

from django.db.models import QuerySet
from django.http import HttpResponse
from rest_framework.generics import GenericAPIView
from rest_framework.permissions import BasePermission
from rest_framework.renderers import JSONRenderer
from rest_framework.request import Request
from rest_framework.response import Response

from messaging.models.snapshot import snapshot
from messaging.operations.api import problems
from messaging.operations.api.pagination import Pages
from messaging.operations.api.parsers import Json
from messaging.operations.permissions import Actor


class HasPermission(BasePermission):
    """Staff with the view's `permission`; for POST with its `post_permission`, if it has one."""

    def has_permission(self, request: Request, view: Any) -> bool:
        user = request.user
        if not (user.is_authenticated and user.is_staff):
            return False
        own = getattr(view, "post_permission", "") if request.method == "POST" else ""
        return bool(user.has_perm(own or view.permission))


class DeskView(GenericAPIView[Any]):
    """Independent of the project's REST framework settings, except for authentication."""

    permission: str
    permission_classes = (HasPermission,)
    parser_classes = (Json,)
    renderer_classes = (JSONRenderer,)
    pagination_class = Pages

    @property
    def actor(self) -> Actor:
        return Actor.of(self.request.user)

    def page(self, rows: QuerySet[Any] | Sequence[Any]) -> Response:
        """The requested page of `rows`, serialized. Its count and its rows are of one moment."""
        with snapshot():
            shown: Any = self.paginate_queryset(rows)
            context = {**self.get_serializer_context(), **self.shared_by(shown)}
            kind = self.get_serializer_class()
            return self.get_paginated_response(kind(shown, many=True, context=context).data)

    def shared_by(self, rows: Sequence[Any]) -> dict[str, Any]:
        """What the rows of a page are serialized with, read for all of them at once."""
        return {}

    def one(self, row: Any) -> Response:
        """One row, serialized."""
        return Response(self.get_serializer(row).data)

    def get_exception_handler(self) -> Callable[[Exception, dict[str, Any]], HttpResponse]:
        return problems.exception_handler
