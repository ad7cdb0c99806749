"""Invariants of payments and refunds, checked by the audit."""

from payments.invariants import reserved  # noqa: F401 - registers its invariants
from payments.invariants.money import (
    CHARGES,
    GATEWAY_REFUNDS,
    MAX_REPORTED,
    NO_FAILED_REFUNDS,
    PAID_FOR,
    REFUNDED_ONCE,
    REFUNDS_HAVE_A_MESSAGE,
    charged_once,
    paid_once,
)

__all__ = [
    "CHARGES",
    "GATEWAY_REFUNDS",
    "MAX_REPORTED",
    "NO_FAILED_REFUNDS",
    "PAID_FOR",
    "REFUNDED_ONCE",
    "REFUNDS_HAVE_A_MESSAGE",
    "charged_once",
    "paid_once",
]
