"""How does a person in the office keep catalogue, stock, reviews and users?"""

from shop.admin import catalogue, invoices, lowstock, people, reviews, stockroom

__all__ = ["catalogue", "invoices", "lowstock", "people", "reviews", "stockroom"]
