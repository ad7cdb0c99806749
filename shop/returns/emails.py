"""E-mails about returns, in the language of their order."""

from typing import Any

from django.conf import settings
from django.utils import translation

from orders.emails.compose import render
from orders.emails.mime import Email
from orders.money import display
from orders.selectors import order_page_url
from shop.models import Return
from shop.payloads import ReturnEmailKind


def label_email(*, found: Return, label: bytes, message_id: str) -> Email:
    """How to send the items back, with the label as PDF."""
    email = _email(found, "label", message_id)
    email.attach(f"return-{found.number}.pdf", label, "application/pdf")
    return email


def return_email(*, found: Return, kind: ReturnEmailKind, message_id: str) -> Email:
    return _email(found, kind, message_id)


def _email(found: Return, name: str, message_id: str) -> Email:
    order = found.order
    with translation.override(order.language):
        return render(
            template=f"shop/returns/email/{name}", context=_context(found), to=order.email, message_id=message_id
        )


def _context(found: Return) -> dict[str, Any]:
    lines = list(found.lines.select_related("order_line"))
    return {
        "order": found.order,
        "return": found,
        "lines": [(line.quantity, line.order_line.name) for line in lines],
        "accepted": [(line.accepted, line.order_line.name) for line in lines if line.accepted],
        "is_part": any(line.accepted is not None and line.accepted < line.quantity for line in lines),
        "amount": display(found.amount, found.order.currency) if found.amount else "",
        "address": settings.SHOP_SELLER[:-1],
        "days": found.wait.days if found.wait else int(settings.CONVEYOR_RETURN_WAIT_DAYS),
        "url": order_page_url(public_id=found.order.public_id),
    }
