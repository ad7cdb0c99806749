"""Amounts of money as people type them: "12,50" or "12.50", with as many decimals as the currency has."""

import re

from babel.numbers import get_currency_precision, get_currency_symbol, get_group_symbol
from django.utils import translation
from django.utils.formats import number_format
from django.utils.translation import gettext as _

from orders.money import display, exact

#: Minor units of the largest amount that payment gateways take.
MOST = 99_999_999
_MOST_DIGITS = 12
#: Before a group of three digits, as in France or Switzerland. Elsewhere it may stand for the decimal sign: "19 90".
_SPACES = re.compile(r"(?<=[0-9])[\s'’](?=[0-9]{3}(?![0-9]))")
_PLAIN = re.compile(r"(\d+)(?:[.,](\d*))?", re.ASCII)
_GROUPED = re.compile(r"(\d{1,3}(?:([.,])\d{3})(?:\2\d{3})*)(?:(?!\2)[.,](\d*))?", re.ASCII)


class AmountError(ValueError):
    """A text that is not an amount of money. The message says what to enter."""


def parse(text: str, currency: str) -> int:
    """Minor units of an amount typed in whole units: 1250 for "12,50", "12.50" or "€ 12.5" in euros.

    Where a sign may group or divide, as in "1.250", the active language decides. Raises `AmountError`.
    """
    digits = get_currency_precision(currency)
    whole, part = _parts(_bare(text, currency), currency)
    if len(part) > digits:
        raise AmountError(_too_precise(currency, digits))
    amount = int(whole + part.ljust(digits, "0")) if len(whole) <= _MOST_DIGITS else MOST + 1
    if amount > MOST:
        raise AmountError(_("Enter at most %(most)s.") % {"most": display(MOST, currency)})
    return amount


def typed(amount: int, currency: str) -> str:
    """`amount` (minor units) as somebody would type it in the active language: "12,50"."""
    return number_format(exact(amount, currency), get_currency_precision(currency), use_l10n=True)


def _bare(text: str, currency: str) -> str:
    bare = text.strip()
    for sign in (currency, get_currency_symbol(currency, locale=_locale())):
        if sign and bare.upper().startswith(sign.upper()):
            bare = bare[len(sign) :]
        elif sign and bare.upper().endswith(sign.upper()):
            bare = bare[: -len(sign)]
    return _SPACES.sub("", bare.strip())


def _parts(bare: str, currency: str) -> tuple[str, str]:
    """Digits before and after the decimal sign."""
    grouped, plain = _GROUPED.fullmatch(bare), _PLAIN.fullmatch(bare)
    if grouped and (not plain or grouped[2] == get_group_symbol(_locale())):
        return re.sub(r"[.,]", "", grouped[1]), grouped[3] or ""
    if not plain:
        raise AmountError(_("Enter an amount such as %(example)s.") % {"example": typed(1990, currency)})
    return plain[1].lstrip("0") or "0", plain[2] or ""


def _too_precise(currency: str, digits: int) -> str:
    if not digits:
        return _("%(currency)s has no decimal places. Enter a whole amount.") % {"currency": currency}
    text = _("%(currency)s has %(count)d decimal places. Enter an amount such as %(example)s.")
    return text % {"currency": currency, "count": digits, "example": typed(1990, currency)}


def _locale() -> str:
    return translation.to_locale(translation.get_language() or "en")
