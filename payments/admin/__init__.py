"""Admin of payments: read-only pages, the refund form, and the decision about a refund that failed."""

from payments.admin import payments, refund_decision, refund_page

__all__ = ["payments", "refund_decision", "refund_page"]
