"""Return endpoints: request a return of a delivered order, and list its returns. Knowing the public ID is enough."""

import uuid
from collections import Counter
from typing import Any

from django.http import Http404
from django.utils.translation import gettext_lazy as _
from drf_spectacular.utils import extend_schema, extend_schema_serializer
from rest_framework import serializers, status
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from messaging.operations.api.docs import BODY, problems
from messaging.operations.api.fields import StrictSerializer, Text, read
from messaging.operations.api.problems import conflict, invalid
from messaging.outbox import transaction
from orders.models import Order
from shop.api.docs import KEY
from shop.api.inputs import MAX_LINES, OrderLineIn, idempotency
from shop.api.outputs import ReturnOut, return_data
from shop.api.problems import key_reused
from shop.limits.orders import take_return
from shop.models import Return, ReturnReason
from shop.models.returns import COMMENT_MAX
from shop.order_pages.selectors import order_by_public_id
from shop.returns.errors import RequestReused, ReturnRefused
from shop.returns.selectors import by_line, returnable_lines, returns_of
from shop.returns.services import request_return

#: One return for each order and idempotency key.
_RETURNS = uuid.UUID("2f0f5d2a-5a4b-4f0c-8b1e-3d6f0a9c7e42")


class ReturnIn(StrictSerializer):
    lines = OrderLineIn(many=True, allow_empty=False, max_length=MAX_LINES)  # type: ignore[call-arg]
    reason = serializers.ChoiceField(choices=ReturnReason.choices)
    comment = Text(max_length=COMMENT_MAX, required=False, default="", allow_blank=True)


@extend_schema_serializer(component_name="Returns")
class ReturnsOut(serializers.Serializer[Any]):
    results = ReturnOut(many=True, help_text=str(_("oldest first")))


class Returns(APIView):
    @extend_schema(operation_id="returns_list", responses={200: ReturnsOut, **problems(401, 404)})
    def get(self, request: Request, public_id: str) -> Response:
        """List the returns of an order."""
        order = _order(public_id)
        return Response({"results": [return_data(each, order, request) for each in returns_of(order=order)]})

    @extend_schema(
        operation_id="returns_request",
        parameters=[KEY],
        request=ReturnIn,
        responses={201: ReturnOut, 200: ReturnOut, **problems(*BODY, 401, 404, 409, 422, 429)},
    )
    def post(self, request: Request, public_id: str) -> Response:
        """Request a return of a delivered order. A label is e-mailed to the shopper."""
        order, data = _order(public_id), read(ReturnIn, request.data)
        request_id, known = _request_id(request, order)
        if not known:
            take_return(request, order=order)
        _request(order, data, request_id)
        found = next(each for each in returns_of(order=order) if each.id == str(request_id))
        code = status.HTTP_200_OK if known else status.HTTP_201_CREATED
        return Response(return_data(found, order, request), status=code)


def _request(order: Order, data: dict[str, Any], request_id: uuid.UUID) -> None:
    """Raises `Problem`."""
    wanted: Counter[str] = Counter()
    for line in data["lines"]:
        wanted[line["sku"]] += line["quantity"]
    lines = returnable_lines(order=order)
    if unknown := wanted.keys() - {each.line.sku for each in lines}:
        text = str(_("The order has no such product."))
        paths = [f"lines.{index}.sku" for index, line in enumerate(data["lines"]) if line["sku"] in unknown]
        raise invalid({path: [text] for path in paths})
    known = Return.objects.filter(pk=request_id).first()
    pieces = _repeated_lines(known, wanted) if known else by_line(lines=lines, wanted=wanted)
    try:
        with transaction():
            request_return(
                order=order, lines=pieces, reason=data["reason"], comment=data["comment"], request_id=request_id
            )
    except ReturnRefused as error:
        raise conflict(error.kind, str(error)) from None
    except RequestReused:
        raise key_reused() from None


def _repeated_lines(known: Return, wanted: Counter[str]) -> dict[int, int]:
    """The known return's own lines if it is a repetition: by now, the pieces would be allotted differently."""
    lines = list(known.lines.select_related("order_line"))
    asked: Counter[str] = Counter()
    for line in lines:
        asked[line.order_line.sku] += line.quantity
    if asked != wanted:
        raise key_reused()
    return {line.order_line_id: line.quantity for line in lines}


def _request_id(request: Request, order: Order) -> tuple[uuid.UUID, bool]:
    """The ID of the return, and whether it exists: one for each order and idempotency key."""
    key = idempotency(request)
    if key is None:
        return uuid.uuid4(), False
    request_id = uuid.uuid5(_RETURNS, f"{order.pk} {key.client} {key.key}")
    return request_id, Return.objects.filter(pk=request_id).exists()


def _order(public_id: str) -> Order:
    try:
        return order_by_public_id(public_id=public_id)
    except Order.DoesNotExist:
        raise Http404 from None
