"""How does a person in the office look at payments, and give money back?"""

from payments.admin import records, refunds

__all__ = ["records", "refunds"]
