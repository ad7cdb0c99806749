"""Bulk retries: preview, start, progress, pause, resume, cancel."""

import uuid
from collections.abc import Callable
from typing import Any

from django.contrib.admin.models import ADDITION, CHANGE, LogEntry
from django.http import Http404
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from messaging.operations.api.base import DeskView
from messaging.operations.api.docs import BODY, STAFF, describe_action, describe_detail, describe_list, problems
from messaging.operations.api.fields import read
from messaging.operations.api.inputs import BulkItemQuery, BulkRetryIn, OptionalReasonIn, PaceIn
from messaging.operations.api.outputs import BulkItemOut, BulkRetryOut
from messaging.operations.api.problems import conflict, invalid
from messaging.operations.bulk_retry import labels, selectors, services
from messaging.operations.bulk_retry.as_dict import as_dicts, detail_as_dict, item_as_dict
from messaging.operations.bulk_retry.selection import FILTERS, Filters, Selection
from messaging.operations.models import BulkOperation


class BulkRetries(DeskView):
    serializer_class = BulkRetryOut
    permission = "operations.view_bulkoperation"
    post_permission = "operations.bulk_retry"

    @describe_list("bulk_retries_list", BulkRetryOut)
    def get(self, request: Request) -> Response:
        """All bulk retries, newest first."""
        page = self.paginate_queryset(selectors.operations())
        return self.get_paginated_response(as_dicts(page or []))

    @extend_schema(
        operation_id="bulk_retries_preview",
        request=BulkRetryIn,
        responses={201: BulkRetryOut, **problems(*BODY, *STAFF, 409)},
    )
    def post(self, request: Request) -> Response:
        """Freeze a selection of dead messages and say which will be retried, and why others are skipped. Nothing is
        sent."""
        wanted = read(BulkRetryIn, request.data)
        try:
            operation = services.preview(selection=_selection(wanted), actor=self.actor, reason=wanted["reason"])
        except services.TooManyMessages as error:
            raise conflict("too-many", str(error)) from None
        _log(request, operation, f"Previewed: {operation.will_go} to be retried", flag=ADDITION)
        return Response(detail_as_dict(operation), status=201)


class BulkRetryDetail(DeskView):
    serializer_class = BulkRetryOut
    permission = "operations.view_bulkoperation"

    @describe_detail("bulk_retries_read", BulkRetryOut)
    def get(self, request: Request, operation_id: uuid.UUID) -> Response:
        """One bulk retry and its progress."""
        return Response(detail_as_dict(_operation(operation_id)))


class BulkRetryItems(DeskView):
    serializer_class = BulkItemOut
    permission = "operations.view_bulkoperation"

    @describe_list("bulk_retries_items", BulkItemOut, query=BulkItemQuery)
    def get(self, request: Request, operation_id: uuid.UUID) -> Response:
        """The outcome of each of its messages."""
        wanted = read(BulkItemQuery, request.query_params)
        page = self.paginate_queryset(selectors.items(_operation(operation_id), **wanted))
        return self.get_paginated_response([item_as_dict(item) for item in page or []])


class _Action(DeskView):
    serializer_class = BulkRetryOut
    permission = "operations.bulk_retry"

    def run(self, operation_id: uuid.UUID, action: Callable[..., BulkOperation], **arguments: Any) -> Response:
        _operation(operation_id)
        try:
            operation = action(operation_id=operation_id, actor=self.actor, **arguments)
        except services.IllegalBulkTransition as error:
            raise conflict("illegal-transition", str(error)) from None
        except services.InvalidPace as error:
            raise invalid({error.field: [str(error)]}) from None
        _log(self.request, operation, str(labels.CONFIRMATIONS[action.__name__]))
        return Response(detail_as_dict(operation))


class Start(_Action):
    @describe_action("bulk_retries_start", PaceIn, BulkRetryOut, 404, 409)
    def post(self, request: Request, operation_id: uuid.UUID) -> Response:
        """Start a previewed bulk retry in the background: the canary first, then the rest at the given rate."""
        wanted = read(PaceIn, request.data)
        reason = wanted.pop("reason")
        return self.run(operation_id, services.start, pace=services.Pace(**wanted), reason=reason)


class Pause(_Action):
    @describe_action("bulk_retries_pause", OptionalReasonIn, BulkRetryOut, 404, 409)
    def post(self, request: Request, operation_id: uuid.UUID) -> Response:
        """Send no more messages until it is resumed."""
        return self.run(operation_id, services.pause, **read(OptionalReasonIn, request.data))


class Resume(_Action):
    @describe_action("bulk_retries_resume", OptionalReasonIn, BulkRetryOut, 404, 409)
    def post(self, request: Request, operation_id: uuid.UUID) -> Response:
        """Resume after a pause, or after an automatic stop with a new canary."""
        return self.run(operation_id, services.resume, **read(OptionalReasonIn, request.data))


class Cancel(_Action):
    @describe_action("bulk_retries_cancel", OptionalReasonIn, BulkRetryOut, 404, 409)
    def post(self, request: Request, operation_id: uuid.UUID) -> Response:
        """Send no more messages. Those already sent will finish."""
        return self.run(operation_id, services.cancel, **read(OptionalReasonIn, request.data))


def _selection(wanted: dict[str, Any]) -> Selection:
    if wanted["ids"]:
        return Selection.by_ids(wanted["ids"])
    filters = Filters(**{name: wanted[name] for name in FILTERS})
    if not filters.as_dict() and not wanted["all"]:
        raise invalid({"all": ["Select messages with `ids` or a filter, or set `all` to true."]})
    return Selection.by_filters(filters)


def _operation(operation_id: uuid.UUID) -> BulkOperation:
    try:
        return selectors.operation(operation_id)
    except BulkOperation.DoesNotExist:
        raise Http404 from None


def _log(request: Request, operation: BulkOperation, text: str, *, flag: int = CHANGE) -> None:
    """Write the history that the operation's admin page shows."""
    LogEntry.objects.log_actions(request.user.pk, [operation], flag, change_message=text)  # type: ignore[arg-type]
