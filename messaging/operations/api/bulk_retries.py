"""Bulk retries: preview, start, watch, pause, resume, cancel."""

import uuid
from collections.abc import Callable
from typing import Any

from django.contrib.admin.models import ADDITION, CHANGE, LogEntry
from django.http import Http404
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from messaging.operations.api.base import DeskView
from messaging.operations.api.docs import BODY, PAGE, STAFF, problems
from messaging.operations.api.fields import read
from messaging.operations.api.inputs import BulkItemQuery, BulkRetryIn, OptionalReasonIn, PaceIn
from messaging.operations.api.outputs import BulkItemOut, BulkRetryOut
from messaging.operations.api.problems import conflict, invalid
from messaging.operations.bulk_retry import labels, selectors, services
from messaging.operations.bulk_retry.as_dict import as_dicts, detail_as_dict, item_as_dict
from messaging.operations.bulk_retry.selection import Filters, Selection
from messaging.operations.models import BulkOperation
from messaging.operations.permissions import Actor

Wish = Callable[..., BulkOperation]


class BulkRetries(DeskView):
    serializer_class = BulkRetryOut

    @property
    def permission(self) -> str:
        return "operations.bulk_retry" if self.request.method == "POST" else "operations.view_bulkoperation"

    @extend_schema(
        operation_id="bulk_retries_list",
        parameters=[PAGE],
        responses={200: BulkRetryOut(many=True), **problems(*STAFF, 404)},
    )
    def get(self, request: Request) -> Response:
        """All bulk retries, the newest first."""
        page = self.paginate_queryset(selectors.operations())
        return self.get_paginated_response(as_dicts(page or []))

    @extend_schema(
        operation_id="bulk_retries_preview",
        request=BulkRetryIn,
        responses={201: BulkRetryOut, **problems(*BODY, *STAFF, 409)},
    )
    def post(self, request: Request) -> Response:
        """Freeze the dead messages that are meant, and say which would go and why not the others. Nothing is sent."""
        wanted = read(BulkRetryIn, request.data)
        try:
            operation = services.preview(
                selection=_selection(wanted), actor=Actor.of(request.user), reason=wanted["reason"]
            )
        except services.TooManyMessages as error:
            raise conflict("too-many", str(error)) from None
        _log(request, operation, f"Previewed: {operation.will_go} will go", flag=ADDITION)
        return Response(detail_as_dict(operation), status=201)


class BulkRetryDetail(DeskView):
    serializer_class = BulkRetryOut
    permission = "operations.view_bulkoperation"

    @extend_schema(operation_id="bulk_retries_read", responses={200: BulkRetryOut, **problems(*STAFF, 404)})
    def get(self, request: Request, operation_id: uuid.UUID) -> Response:
        """How one stands now."""
        return Response(detail_as_dict(_found(operation_id)))


class BulkRetryItems(DeskView):
    serializer_class = BulkItemOut
    permission = "operations.view_bulkoperation"

    @extend_schema(
        operation_id="bulk_retries_items",
        parameters=[BulkItemQuery, PAGE],
        responses={200: BulkItemOut(many=True), **problems(400, *STAFF, 404)},
    )
    def get(self, request: Request, operation_id: uuid.UUID) -> Response:
        """What became of each of its messages."""
        wanted = read(BulkItemQuery, request.query_params)
        page = self.paginate_queryset(selectors.items(_found(operation_id), **wanted))
        return self.get_paginated_response([item_as_dict(item) for item in page or []])


class _Wish(DeskView):
    """One verb of the service layer."""

    serializer_class = BulkRetryOut
    permission = "operations.bulk_retry"
    wish: str

    def grant(
        self, request: Request, operation_id: uuid.UUID, act: Callable[..., BulkOperation], **how: Any
    ) -> Response:
        _found(operation_id)
        try:
            operation = act(operation_id=operation_id, actor=Actor.of(request.user), **how)
        except services.IllegalBulkTransition as error:
            raise conflict("not-now", str(error)) from None
        except services.InvalidPace as error:
            raise invalid({error.field: [str(error)]}) from None
        _log(request, operation, str(labels.CONFIRMATIONS[self.wish]))
        return Response(detail_as_dict(operation))


class Start(_Wish):
    wish = "start"

    @extend_schema(
        operation_id="bulk_retries_start",
        request=PaceIn,
        responses={200: BulkRetryOut, **problems(*BODY, *STAFF, 404, 409)},
    )
    def post(self, request: Request, operation_id: uuid.UUID) -> Response:
        """Let a preview go: a canary first, then the rest at no more than the rate, in the background."""
        wanted = read(PaceIn, request.data)
        reason = wanted.pop("reason")
        return self.grant(request, operation_id, services.start, pace=services.Pace(**wanted), reason=reason)


class Pause(_Wish):
    wish = "pause"

    @extend_schema(
        operation_id="bulk_retries_pause",
        request=OptionalReasonIn,
        responses={200: BulkRetryOut, **problems(*BODY, *STAFF, 404, 409)},
    )
    def post(self, request: Request, operation_id: uuid.UUID) -> Response:
        """Send no more until it is resumed."""
        return self.grant(request, operation_id, services.pause, **read(OptionalReasonIn, request.data))


class Resume(_Wish):
    wish = "resume"

    @extend_schema(
        operation_id="bulk_retries_resume",
        request=OptionalReasonIn,
        responses={200: BulkRetryOut, **problems(*BODY, *STAFF, 404, 409)},
    )
    def post(self, request: Request, operation_id: uuid.UUID) -> Response:
        """Go on after a pause; after a stop with a new canary."""
        return self.grant(request, operation_id, services.resume, **read(OptionalReasonIn, request.data))


class Cancel(_Wish):
    wish = "cancel"

    @extend_schema(
        operation_id="bulk_retries_cancel",
        request=OptionalReasonIn,
        responses={200: BulkRetryOut, **problems(*BODY, *STAFF, 404, 409)},
    )
    def post(self, request: Request, operation_id: uuid.UUID) -> Response:
        """Send no more, for good."""
        return self.grant(request, operation_id, services.cancel, **read(OptionalReasonIn, request.data))


def _selection(wanted: dict[str, Any]) -> Selection:
    if wanted["ids"]:
        return Selection.by_ids(wanted["ids"])
    names = ("queue", "task", "error", "group", "subject", "since", "until")
    filters = Filters(**{name: wanted[name] for name in names})
    if not filters.told() and not wanted["all"]:
        raise invalid({"all": ["Name messages by `ids`, narrow them by a filter, or say that you mean `all`."]})
    return Selection.by_filters(filters)


def _found(operation_id: uuid.UUID) -> BulkOperation:
    try:
        return selectors.operation(operation_id)
    except BulkOperation.DoesNotExist:
        raise Http404 from None


def _log(request: Request, operation: BulkOperation, text: str, *, flag: int = CHANGE) -> None:
    """The history that the operation's page in the admin shows."""
    LogEntry.objects.log_actions(request.user.pk, [operation], flag, change_message=text)  # type: ignore[arg-type]
