"""Order endpoints: place, read, cancel, pay, refund. Knowing the public ID is enough, except for refunds."""

import uuid
from collections.abc import Sequence
from typing import Any

from django.http import Http404
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from drf_spectacular.utils import extend_schema
from rest_framework import status
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from messaging.operations.api.base import HasPermission
from messaging.operations.api.docs import BODY, STAFF, problems
from messaging.operations.api.fields import read
from messaging.operations.api.problems import conflict, invalid
from orders.models import Order, Source
from payments.errors import NothingToRefund, RequestReused
from payments.services import refund_order
from shop.api.docs import KEY
from shop.api.inputs import OrderIn, PayIn, RefundIn, checkout_arguments, idempotency
from shop.api.outputs import OrderOut, order_data
from shop.api.problems import key_reused
from shop.checkout.idempotency import order_placed_with
from shop.checkout.services import Placed, checkout
from shop.limits.counters import Limited
from shop.limits.orders import TooManyPieces, place_within_limits, take_payment
from shop.order_pages.selectors import OrderView, new_order_view, order_by_public_id, order_view
from shop.order_pages.services import cancel, pay_again
from shop.stock.services import OutOfStock, UnknownProduct

#: One refund for each order and idempotency key.
_REFUNDS = uuid.UUID("7b0a4d0e-3f0f-4d7a-9d0f-6c2a5e5b1c11")


class Orders(APIView):
    @extend_schema(
        operation_id="orders_place",
        parameters=[KEY],
        request=OrderIn,
        responses={201: OrderOut, 200: OrderOut, **problems(*BODY, 401, 409, 422, 429)},
    )
    def post(self, request: Request) -> Response:
        """Place an order."""
        data = read(OrderIn, request.data)
        placed = _place_or_repeat(request, data)
        if placed.new:
            view = new_order_view(new=placed.new, payment_method=data["payment_method"])
            response = _answer(request, view, status.HTTP_201_CREATED)
        else:
            response = _order_response(request, placed.order.public_id)
        response["Location"] = response.data["links"]["self"]
        return response


class OrderDetail(APIView):
    @extend_schema(operation_id="orders_read", responses={200: OrderOut, **problems(401, 404)})
    def get(self, request: Request, public_id: str) -> Response:
        """Read an order with its timeline, payment and shipment."""
        return _order_response(request, public_id)


class Cancel(APIView):
    @extend_schema(operation_id="orders_cancel", request=None, responses={200: OrderOut, **problems(401, 404, 409)})
    def post(self, request: Request, public_id: str) -> Response:
        """Cancel an order that has not shipped yet. Reserved money is released, captured payments are refunded."""
        cancel(order=_order(public_id), reason=_reason(request))
        return _order_response(request, public_id)


class Pay(APIView):
    @extend_schema(
        operation_id="orders_pay", request=PayIn, responses={200: OrderOut, **problems(*BODY, 401, 404, 409, 429)}
    )
    def post(self, request: Request, public_id: str) -> Response:
        """Pay with another method after a failed payment, or instead of confirming one."""
        order, data = _order(public_id), read(PayIn, request.data)
        take_payment(request, order=order)
        pay_again(order=order, **data)
        return _order_response(request, public_id)


class Refunds(APIView):
    """For staff with the refund permission."""

    permission_classes = (HasPermission,)
    permission = "payments.refund_payment"

    @extend_schema(
        operation_id="orders_refund",
        parameters=[KEY],
        request=RefundIn,
        responses={200: OrderOut, **problems(*BODY, *STAFF, 404, 409, 422)},
    )
    def post(self, request: Request, public_id: str) -> Response:
        """Refund an order in whole or in part. Requests with the same Idempotency-Key create one refund."""
        data, order = read(RefundIn, request.data), _order(public_id)
        key = idempotency(request)
        try:
            request_id = uuid.uuid5(_REFUNDS, f"{order.pk} {key.client} {key.key}") if key else uuid.uuid4()
            refund_order(order=order, **data, request_id=request_id, by=request.user)
        except NothingToRefund as error:
            raise conflict("nothing-to-refund", str(error)) from None
        except RequestReused:
            raise key_reused() from None
        return _order_response(request, public_id)


def _place_or_repeat(request: Request, data: dict[str, Any]) -> Placed:
    """A repeated request gets its order, however often it is repeated."""
    pieces = sum(line["quantity"] for line in data["lines"])
    try:
        return place_within_limits(
            request=request, email=data["email"], pieces=pieces, place=lambda: _place(request, data)
        )
    except (Limited, TooManyPieces):
        key = idempotency(request)
        if key is None or order_placed_with(key) is None:
            raise
        return _place(request, data)


def _place(request: Request, data: dict[str, Any]) -> Placed:
    """Raises `Problem` that names the lines which cannot be ordered."""
    user = request.user if request.user.is_authenticated else None
    try:
        return checkout(
            **checkout_arguments(data),
            source=Source.API,
            user=user,
            language=get_language() or "",
            idempotency=idempotency(request),
        )
    except UnknownProduct as error:
        message = _("Unknown product {sku}.").format(sku=error.sku)
        raise invalid({path: [message] for path in _line_paths(data["lines"], error.sku, "sku")}) from None
    except OutOfStock as error:
        message = _("{sku}: {wanted} requested, {left} in stock.").format(
            sku=error.sku, wanted=error.wanted, left=error.left
        )
        detail = _("Insufficient stock. Nothing was ordered. {message}").format(message=message)
        paths = _line_paths(data["lines"], error.sku, "quantity")
        raise conflict("out-of-stock", detail, {path: [message] for path in paths}) from None


def _line_paths(lines: Sequence[dict[str, Any]], sku: str, field: str) -> list[str]:
    return [f"lines.{index}.{field}" for index, line in enumerate(lines) if line["sku"] == sku]


def _order(public_id: str) -> Order:
    try:
        return order_by_public_id(public_id=public_id)
    except Order.DoesNotExist:
        raise Http404 from None


def _order_response(request: Request, public_id: str) -> Response:
    try:
        view = order_view(public_id=public_id)
    except Order.DoesNotExist:
        raise Http404 from None
    return _answer(request, view)


def _answer(request: Request, view: OrderView, code: int = status.HTTP_200_OK) -> Response:
    return Response(order_data(view, request), status=code)


def _reason(request: Request) -> str:
    return "staff" if request.user.is_staff else "customer"
