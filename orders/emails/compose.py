"""Order e-mails: composes them from templates, as text and HTML."""

import uuid
from email.utils import parseaddr
from functools import cache
from typing import Any

from django.conf import settings
from django.template import Engine
from django.utils import translation

from orders.amounts.tax import tax_in
from orders.amounts.texts import tax_notes
from orders.emails.email_sql import EmailedOrder
from orders.emails.mime import Email
from orders.money import display
from orders.selectors import order_page_url


def compose(*, order: EmailedOrder, kind: str, message_id: str, amount: int = 0, left: int = 0) -> Email:
    """The e-mail `kind` about `order`, in the order's language. `amount` and `left`: see `SendEmail`."""
    with translation.override(order.language):
        context = {
            "order": order,
            "lines": [(line, display(amount=line.total, currency=order.currency)) for line in order.lines],
            "total": display(amount=order.total, currency=order.currency),
            "tax_notes": tax_notes(tax=tax_in(order.amounts), currency=order.currency),
            "shipping_price": display(amount=order.shipping_price, currency=order.currency),
            "amount": display(amount=amount, currency=order.currency),
            "left": display(amount=left, currency=order.currency) if left else "",
            "data": order.data,
            "url": order_page_url(public_id=order.public_id),
        }
        return render(template=f"orders/email/{kind}", context=context, to=order.email, message_id=message_id)


def render(*, template: str, context: dict[str, Any], to: str, message_id: str) -> Email:
    """An e-mail in text and HTML from `<template>_subject.txt`, `<template>.txt` and `<template>.html`.

    The Message-ID header is derived from `message_id`, so that mail programs show a duplicate only once.
    """
    render_to_string = _engine().render_to_string
    subject = " ".join(render_to_string(f"{template}_subject.txt", context).split())
    context = context | {"subject": subject, "shop_url": settings.SITE_URL, "language": translation.get_language()}
    email = Email(
        subject=subject,
        body=render_to_string(f"{template}.txt", context).strip() + "\n",
        to=[to],
        headers={"Message-ID": _header(message_id)},
    )
    email.attach_alternative(render_to_string(f"{template}.html", context), "text/html")
    return email


@cache
def _engine() -> Engine:
    """Templates without the pages' tags and context processors, which import forms, admin and API: 15 MB a process."""
    return Engine(app_dirs=True, libraries={"i18n": "django.templatetags.i18n"})


def _header(message_id: str) -> str:
    domain = parseaddr(settings.DEFAULT_FROM_EMAIL)[1].rpartition("@")[2] or "localhost"
    return f"<{uuid.UUID(message_id)}@{domain}>"
