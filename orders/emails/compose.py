"""Order e-mails: composes them from templates, as text and HTML."""

import uuid
from email.utils import parseaddr
from functools import cache
from typing import Any

from django.conf import settings
from django.core.mail import EmailMultiAlternatives
from django.template.loader import render_to_string
from django.utils import translation

from orders.models import Order, OrderLine
from orders.money import display
from orders.selectors import latest_event, order_page_url


def compose(*, order: Order, kind: str, message_id: str, amount: int = 0, left: int = 0) -> EmailMultiAlternatives:
    """The e-mail `kind` about `order`, in the order's language. `amount` and `left`: see `SendEmail`.

    Lines and event are read only if its templates use them.
    """
    with translation.override(order.language):
        context = {
            "order": order,
            "lines": cache(lambda: _priced_lines(order)),
            "total": display(amount=order.total, currency=order.currency),
            "shipping_price": display(amount=order.shipping_price, currency=order.currency),
            "amount": display(amount=amount, currency=order.currency),
            "left": display(amount=left, currency=order.currency) if left else "",
            "data": cache(lambda: _event_data(order, kind)),
            "url": order_page_url(order),
        }
        return render(template=f"orders/email/{kind}", context=context, to=order.email, message_id=message_id)


def _priced_lines(order: Order) -> list[tuple[OrderLine, str]]:
    return [(line, display(amount=line.total, currency=order.currency)) for line in order.lines.all()]


def _event_data(order: Order, kind: str) -> dict[str, Any]:
    event = latest_event(order_id=order.pk, kind=kind)
    return event.data if event else {}


def render(*, template: str, context: dict[str, Any], to: str, message_id: str) -> EmailMultiAlternatives:
    """An e-mail in text and HTML from `<template>_subject.txt`, `<template>.txt` and `<template>.html`.

    The Message-ID header is derived from `message_id`, so that mail programs show a duplicate only once.
    """
    subject = " ".join(render_to_string(f"{template}_subject.txt", context).split())
    context = context | {"subject": subject, "shop_url": settings.SITE_URL, "language": translation.get_language()}
    email = EmailMultiAlternatives(
        subject=subject,
        body=render_to_string(f"{template}.txt", context).strip() + "\n",
        to=[to],
        headers={"Message-ID": _header(message_id)},
    )
    email.attach_alternative(render_to_string(f"{template}.html", context), "text/html")
    return email


def _header(message_id: str) -> str:
    domain = parseaddr(settings.DEFAULT_FROM_EMAIL)[1].rpartition("@")[2] or "localhost"
    return f"<{uuid.UUID(message_id)}@{domain}>"
