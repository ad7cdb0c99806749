"""Sentences about an order's tax, in the active language."""

from decimal import Decimal

from babel import Locale
from babel.numbers import format_percent
from django.utils import translation
from django.utils.translation import gettext as _

from orders.amounts.tax import Tax
from orders.money import display


def percent(rate: int) -> str:
    """`rate` basis points as written in the active language: 2550 is 25.5%."""
    locale = Locale.parse(translation.to_locale(translation.get_language() or "en"))
    pattern = locale.percent_formats[None].pattern.replace("0", "0.##", 1)
    return format_percent(Decimal(rate) / 10_000, format=pattern, locale=locale)


def tax_notes(*, tax: Tax, currency: str) -> list[str]:
    """One sentence for each rate, such as "Includes €3.19 VAT (19%).", or the one that says why there is none."""
    if tax.is_exempt:
        return [_("No VAT: delivery outside the EU’s VAT area.")]
    if not tax.is_known:
        return [_("Prices include VAT.")]
    return [
        _("Includes %(amount)s VAT (%(rate)s).") % {"amount": display(at.tax, currency), "rate": percent(at.rate)}
        for at in tax.rates
    ]
