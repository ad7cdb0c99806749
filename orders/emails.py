"""Which e-mail does a shopper get, and with which words?"""

import uuid
from email.utils import parseaddr

from django.conf import settings
from django.core.mail import EmailMessage
from django.template.loader import render_to_string

from orders.models import Order
from orders.money import display
from orders.selectors import latest_event, order_page_url


def send(*, order: Order, kind: str, message_id: str) -> None:
    """Send the e-mail `kind` about `order`.

    The same `message_id` gives the same Message-ID header, by which mail programs show a mail that came twice once.
    """
    compose(order=order, kind=kind, message_id=message_id).send()


def compose(*, order: Order, kind: str, message_id: str) -> EmailMessage:
    event = latest_event(order_id=order.pk, kind=kind)
    context = {
        "order": order,
        "lines": [(line, display(amount=line.total, currency=order.currency)) for line in order.lines.all()],
        "total": display(amount=order.total, currency=order.currency),
        "shipping_price": display(amount=order.shipping_price, currency=order.currency),
        "data": event.data if event else {},
        "url": order_page_url(order),
    }
    subject = render_to_string(f"orders/email/{kind}_subject.txt", context)
    return EmailMessage(
        subject=" ".join(subject.split()),
        body=render_to_string(f"orders/email/{kind}.txt", context).strip() + "\n",
        to=[order.email],
        headers={"Message-ID": _header(message_id)},
    )


def _header(message_id: str) -> str:
    domain = parseaddr(settings.DEFAULT_FROM_EMAIL)[1].rpartition("@")[2] or "localhost"
    return f"<{uuid.UUID(message_id)}@{domain}>"
