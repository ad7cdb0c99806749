"""Remarks that the law asks for on invoices and credit notes, in the active language."""

from typing import Any

from django.utils.translation import gettext as _

from shop.invoices.frozen import taxes_in


def invoice_remarks(data: dict[str, Any]) -> list[str]:
    """What the prices contain, and why a delivery is exempt (article 226, number 11, of directive 2006/112/EC)."""
    rates = {each.rate for each in taxes_in(data)}
    remarks = []
    if None in rates:
        remarks.append(_("Prices include VAT."))
    elif rates - {0}:
        remarks.append(_("Prices include VAT at the rates above."))
    return [*remarks, *_exempt(rates), *_demo(data)]


def credit_note_remarks(data: dict[str, Any]) -> list[str]:
    return [*_exempt({each.rate for each in taxes_in(data)}), *_demo(data)]


def _exempt(rates: set[int | None]) -> list[str]:
    if 0 not in rates:
        return []
    return [_("Delivery outside the EU's VAT area, exempt by article 146 of directive 2006/112/EC.")]


def _demo(data: dict[str, Any]) -> list[str]:
    return [_("Demo shop: nothing is shipped and no money is charged.")] if data["is_demo"] else []
