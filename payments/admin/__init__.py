"""Admin of payments: read-only pages, and the refund form."""

from payments.admin import payments, refund_page

__all__ = ["payments", "refund_page"]
