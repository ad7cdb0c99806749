"""Template tags and filters that pages of several packages share: money, hours, pagination."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

from django import template
from django.core.paginator import Page

from orders import money as order_money

register = template.Library()


@register.filter
def money(amount_minor: int, currency: str) -> str:
    return order_money.display(amount_minor, currency)


@register.filter
def hours(left: timedelta) -> int:
    """Whole hours of `left`."""
    return int(left.total_seconds()) // 3600


@register.filter
def minutes(left: timedelta) -> int:
    """Minutes of `left` beside its whole hours."""
    return int(left.total_seconds()) % 3600 // 60


@register.simple_tag
def page_numbers(page: Page[Any]) -> Iterator[int | str]:
    """The first and last pages, those around this one, and a sign for those left out."""
    return page.paginator.get_elided_page_range(page.number, on_each_side=1, on_ends=1)
