"""Sparklines: small bar charts in SVG for table rows."""

from collections.abc import Sequence

from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

_BAR, _GAP, _HEIGHT = 3, 1, 20


def sparkline(values: Sequence[int], *, caption: str) -> SafeString:
    """Bars for `values`, oldest first, over a caption that says what they count, and the highest."""
    return format_html(
        '<figure class="desk-trend">{}<figcaption>{}</figcaption></figure>', _bars(values, title=caption), caption
    )


def _bars(values: Sequence[int], *, title: str) -> SafeString:
    highest = max(values, default=0) or 1
    bars = (
        (index * (_BAR + _GAP), _HEIGHT - height, _BAR, height)
        for index, value in enumerate(values)
        if (height := _height(value, highest))
    )
    return format_html(
        '<svg class="desk-spark" viewBox="0 0 {} {}" width="{}" height="{}" role="img" aria-label="{}">'
        "<title>{}</title>{}</svg>",
        len(values) * (_BAR + _GAP),
        _HEIGHT,
        len(values) * (_BAR + _GAP),
        _HEIGHT,
        title,
        title,
        format_html_join("", '<rect x="{}" y="{}" width="{}" height="{}"/>', bars),
    )


def _height(value: int, highest: int) -> int:
    """At least two pixels for any value above 0."""
    return max(2, round(_HEIGHT * value / highest)) if value else 0
