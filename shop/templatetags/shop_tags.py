"""Template tags and filters shared across packages: money, durations, pagination."""

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
    """Minutes of `left` beyond its whole hours."""
    return int(left.total_seconds()) % 3600 // 60


@register.simple_tag
def page_numbers(page: Page[Any]) -> Iterator[int | str]:
    """Page numbers to link: first, last and those around the current page, with an ellipsis for gaps."""
    return page.paginator.get_elided_page_range(page.number, on_each_side=1, on_ends=1)
