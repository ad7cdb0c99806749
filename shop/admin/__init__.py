"""How does a person in the office keep catalogue, stock, reviews and users?"""

from shop.admin import catalogue, lowstock, people, reviews, stockroom

__all__ = ["catalogue", "lowstock", "people", "reviews", "stockroom"]
