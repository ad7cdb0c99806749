"""Admin of payments: read-only pages, the refund form, the decision about a refund that failed, and disputes."""

from payments.admin import dispute_answer, disputes, payments, refund_decision, refund_page

__all__ = ["dispute_answer", "disputes", "payments", "refund_decision", "refund_page"]
