"""Numbers of invoices."""

from orders.models import Order


def invoice_number(order: Order) -> str:
    """An invoice bears the number of its order: unique, but not consecutive."""
    return order.number
