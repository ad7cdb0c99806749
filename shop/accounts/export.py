"""Exports everything the shop stores about a shopper. Every new table with personal data belongs here, too."""

import json
from collections.abc import Iterable, Iterator
from datetime import datetime
from io import BytesIO
from textwrap import indent
from typing import Any

from axes.models import AccessAttempt, AccessLog
from django.core.serializers.json import DjangoJSONEncoder
from django.db.models import Model, Prefetch, Q
from knox.models import AuthToken

from orders.models import Order
from payments.models import Payment
from shipping.models import Shipment
from shop.accounts.addresses import addresses_of
from shop.basket.stores import account_store
from shop.invoices.frozen import last_day_kept
from shop.models import CreditNote, Invoice, Return, User
from shop.order_pages.decline_reasons import shown_code
from shop.order_pages.selectors import orders_of

_ADDRESS = ("name", "line1", "line2", "postcode", "city", "state", "country")
_PAPERS: dict[str, type[Invoice | CreditNote]] = {"invoices": Invoice, "credit_notes": CreditNote}
#: Why invoices and credit notes outlive the account.
LAW = "section 147 of the German Fiscal Code (AO); article 17(3)(b) of the GDPR"
_SIGN_IN = ("attempt_time", "ip_address", "user_agent")


#: Orders in memory at a time. Ten thousand at once took half a gigabyte of the web process.
_CHUNK = 200


def personal_data(*, user: User) -> bytes:
    """Everything the shop stores about a shopper, as a JSON file. Amounts are in minor units, times ISO 8601 in UTC.

    The file is made before it is sent: a slow reader of a streamed one would occupy a thread of the web server.
    """
    file = BytesIO()
    file.write(_json(_account_data(user)).removesuffix("\n}").encode())
    file.write(b',\n  "orders": [')
    for index, order in enumerate(_orders(user)):
        text = _json(_order_data(order))
        file.write(((",\n" if index else "\n") + indent(text, "    ")).encode())
    file.write(b"\n  ]\n}\n")
    return file.getvalue()


def _json(data: dict[str, Any]) -> str:
    return json.dumps(data, indent=2, cls=DjangoJSONEncoder)


def _account_data(user: User) -> dict[str, Any]:
    return {
        "account": _fields(
            user, "username", "first_name", "last_name", "email", "new_email", "date_joined", "last_login"
        ),
        "addresses": [_fields(address, *_ADDRESS, "is_default") for address in addresses_of(user=user)],
        "basket": [[sku, item.quantity] for sku, item in account_store(user).read().items()],
        "reviews": [
            {"sku": review.product.sku, **_fields(review, "stars", "title", "text", "is_shown", "at")}
            for review in user.reviews.select_related("product")
        ],
        "api_tokens": [
            _fields(token, "token_key", "created", "expiry") for token in AuthToken.objects.filter(user=user)
        ],
        "sign_ins": [_fields(entry, *_SIGN_IN) for entry in _entries(AccessLog, user)],
        "failed_sign_ins": [_fields(entry, *_SIGN_IN) for entry in _entries(AccessAttempt, user)],
    }


def _orders(user: User) -> Iterator[Order]:
    related = (
        "lines",
        "amount_lines",
        "events",
        "payments__refunds",
        "shipments__events",
        "returns__lines__order_line",
    )
    papers = [Prefetch(name, model.objects.defer("pdf")) for name, model in _PAPERS.items()]
    return orders_of(user=user).prefetch_related(*related, *papers).iterator(chunk_size=_CHUNK)


def _entries(model: Any, user: User) -> Iterable[Model]:
    by_name = Q(username__iexact=user.get_username())
    entries: Iterable[Model] = model.objects.filter(by_name | Q(username__iexact=user.email) if user.email else by_name)
    return entries


def _order_data(order: Order) -> dict[str, Any]:
    return {
        **_fields(order, "number", "placed_at", "status", "language", "email", *_ADDRESS, "shipping_method", "source"),
        **_fields(order, "total", "currency"),
        "lines": [_fields(line, "sku", "name", "quantity", "unit_price", "total") for line in order.lines.all()],
        "amounts": [_fields(line, "kind", "rate", "amount", "is_included") for line in order.amount_lines.all()],
        "events": [_fields(event, "at", "kind") for event in order.events.all()],
        "payments": [_payment_data(payment) for payment in order.payments.all()],
        "shipments": [_shipment_data(shipment) for shipment in order.shipments.all()],
        "invoices": [_paper_data(invoice) for invoice in order.invoices.all()],
        "credit_notes": [_paper_data(note) for note in order.credit_notes.all()],
        "returns": [_return_data(found) for found in order.returns.all()],
    }


def _payment_data(payment: Payment) -> dict[str, Any]:
    return {
        **_fields(payment, "method", "amount", "currency", "status", "created_at", "captured_at"),
        "failure_code": shown_code(payment.failure_code),
        "gateway_reference": payment.gateway_reference,
        "refunds": [_fields(refund, "amount", "status", "created_at") for refund in payment.refunds.all()],
    }


def _paper_data(paper: Invoice | CreditNote) -> dict[str, Any]:
    fields = ("number", "issued_at", "total", "tax", "currency", "data")
    return {**_fields(paper, *fields), "kept_until": str(last_day_kept(paper)), "kept_by": LAW}


def _shipment_data(shipment: Shipment) -> dict[str, Any]:
    return {
        **_fields(shipment, "carrier", "tracking_number", "status"),
        "events": [_fields(event, "at", "code", "place", "text") for event in shipment.events.all()],
    }


def _return_data(found: Return) -> dict[str, Any]:
    return {
        **_fields(found, "number", "status", "reason", "comment", "rejection", "amount"),
        **_fields(found, "carrier", "tracking_number", "requested_at", "received_at", "ended_at"),
        "lines": [[line.order_line.sku, line.quantity, line.accepted] for line in found.lines.all()],
    }


def _fields(row: Model, *names: str) -> dict[str, Any]:
    values = {name: getattr(row, name) for name in names}
    return {name: value.isoformat() if isinstance(value, datetime) else value for name, value in values.items()}
