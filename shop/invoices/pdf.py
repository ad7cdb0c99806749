"""Renders an invoice or a credit note as a PDF, from its frozen data alone, in the language of its order."""

from collections.abc import Sequence
from datetime import date
from typing import Any

from babel.dates import format_date
from django.utils import translation
from django.utils.translation import gettext as _
from django.utils.translation import pgettext
from reportlab.lib.units import mm
from reportlab.platypus import Flowable, KeepTogether, Spacer, Table

from orders.amounts.texts import percent
from orders.money import display
from orders.pdf import fonts
from orders.pdf.layout import (
    BRAND,
    LINE,
    RIGHT,
    RIGHT_STRONG,
    SMALL,
    SMALL_RIGHT,
    STRONG,
    TEXT,
    TITLE,
    WIDTH,
    padding,
    paragraph,
    render_pdf,
    side_by_side,
)
from shop.invoices.frozen import taxes_in
from shop.invoices.remarks import credit_note_remarks, invoice_remarks
from shop.invoices.taxes import TaxedAt
from shop.models import CreditNote, Invoice

_LINES = [18 * mm, WIDTH - 78 * mm, 30 * mm, 30 * mm]
_TAXES = [WIDTH - 130 * mm, 40 * mm, 30 * mm, 30 * mm, 30 * mm]
_SUMS = [WIDTH - 80 * mm, 50 * mm, 30 * mm]
#: Of a name or a line of an address.
_MAX_LINES = 3


def invoice_pdf(invoice: Invoice) -> bytes:
    """The invoice, of as many pages as it needs."""
    data = invoice.data
    with translation.override(data["language"]):
        content = [
            _parties(data, _invoice_facts(invoice)),
            Spacer(0, 9 * mm),
            _lines(data, invoice.currency),
            KeepTogether(
                [
                    _sums(data, invoice.currency, invoice.total),
                    *_taxes(taxes_in(data), invoice.currency),
                    *_closing([_paid(data)], invoice_remarks(data)),
                ]
            ),
        ]
        return _rendered(_("Invoice %(number)s") % {"number": invoice.number}, content, data)


def credit_note_pdf(note: CreditNote) -> bytes:
    """The credit note, which names the invoice that it corrects."""
    data, currency = note.data, note.currency
    with translation.override(data["language"]):
        values = {"number": data["invoice"], "day": _day(data["invoiced_on"])}
        correction = _("This credit note corrects invoice %(number)s of %(day)s.") % values
        content = [
            _parties(data, _credit_note_facts(note)),
            Spacer(0, 9 * mm),
            _table([(_("Refunded amount"), display(note.total, currency), RIGHT_STRONG)], _SUMS),
            *_taxes(taxes_in(data), currency),
            *_closing([correction], credit_note_remarks(data)),
        ]
        return _rendered(_("Credit note %(number)s") % {"number": note.number}, content, data)


def _rendered(title: str, content: Sequence[Flowable], data: dict[str, Any]) -> bytes:
    fonts.register()
    flowables = [paragraph(title, TITLE), Spacer(0, 6 * mm), *content]
    return render_pdf(flowables, title=title, seller=data["seller"]["lines"])


def _invoice_facts(invoice: Invoice) -> list[tuple[str, str]]:
    data = invoice.data
    facts = [
        (_("Invoice number"), invoice.number),
        (_("Invoice date"), _day(str(invoice.issued_on))),
        (_("Date of supply"), _day(data["supplied_on"]) if data["supplied_on"] else ""),
        (_("Order"), data["order"]),
        (_("Order date"), _day(data["ordered_on"])),
        (_("Shipping"), data["shipping"]),
        (_("Tracking number"), data["tracking_number"]),
        (_("Seller's VAT number"), data["seller"]["vat_number"]),
    ]
    return [fact for fact in facts if fact[1]]


def _credit_note_facts(note: CreditNote) -> list[tuple[str, str]]:
    data = note.data
    facts = [
        (_("Credit note number"), note.number),
        (_("Credit note date"), _day(str(note.issued_on))),
        (_("Invoice number"), data["invoice"]),
        (_("Order"), data["order"]),
        (_("Seller's VAT number"), data["seller"]["vat_number"]),
    ]
    return [fact for fact in facts if fact[1]]


def _parties(data: dict[str, Any], facts: Sequence[tuple[str, str]]) -> Flowable:
    known = Table(
        [[paragraph(name, SMALL), paragraph(value, TEXT)] for name, value in facts],
        colWidths=[32 * mm, WIDTH / 2 - 32 * mm],
        style=[("VALIGN", (0, 0), (-1, -1), "TOP"), *padding(1)],
    )
    first, *rest = data["buyer"]
    to = [
        paragraph(_("Billed to"), SMALL),
        paragraph(first, STRONG, max_lines=_MAX_LINES),
        *(paragraph(line, TEXT, max_lines=_MAX_LINES) for line in rest if line),
    ]
    return side_by_side(to, known)


def _lines(data: dict[str, Any], currency: str) -> Flowable:
    """Lines table, whose header repeats on every page."""
    header = [_("Quantity"), _("Product"), _("Unit price"), pgettext("of a line", "Total")]
    styles = [STRONG, STRONG, RIGHT_STRONG, RIGHT_STRONG]
    rows = [
        [
            paragraph(str(line["quantity"]), TEXT),
            [paragraph(line["name"], TEXT, max_lines=_MAX_LINES), paragraph(line["sku"], SMALL)],
            paragraph(display(line["unit_price"], currency), RIGHT),
            paragraph(display(line["total"], currency), RIGHT),
        ]
        for line in data["lines"]
    ]
    return Table(
        [[paragraph(text, style) for text, style in zip(header, styles, strict=True)], *rows],
        colWidths=_LINES,
        repeatRows=1,
        style=[
            ("VALIGN", (0, 0), (-1, -1), "TOP"),
            ("LINEBELOW", (0, 0), (-1, 0), 1.2, BRAND),
            ("LINEBELOW", (0, 1), (-1, -1), 0.4, LINE),
            *padding(4),
        ],
    )


def _sums(data: dict[str, Any], currency: str, total: int) -> Flowable:
    """One row a kind of amount. Tax that is included is not a summand, and has its own table."""
    names = {"goods": _("Subtotal"), "delivery": _("Shipping"), "discount": _("Discount"), "tax": _("VAT")}
    sums: dict[str, int] = {"goods": 0, "delivery": 0}
    for each in data["amounts"]:
        if not each["is_included"]:
            sums[each["kind"]] = sums.get(each["kind"], 0) + each["amount"]
    free = {"delivery": _("free")}
    rows = [
        (names[kind], display(amount, currency) if amount else free.get(kind, display(0, currency)), RIGHT)
        for kind, amount in sums.items()
    ]
    return _table([*rows, (_("Total"), display(total, currency), RIGHT_STRONG)], _SUMS)


def _taxes(taxes: Sequence[TaxedAt], currency: str) -> list[Flowable]:
    """Net, tax and gross by rate, unless the tax was not determined."""
    if not taxes or any(each.rate is None for each in taxes):
        return []
    names = [_("VAT rate"), _("Net"), _("VAT"), _("Gross")]
    header = ["", *(paragraph(name, SMALL_RIGHT) for name in names)]
    rows = [
        [
            "",
            paragraph(percent(each.rate or 0), RIGHT),
            *(paragraph(display(amount, currency), RIGHT) for amount in (each.net, each.tax, each.gross)),
        ]
        for each in taxes
    ]
    style = [("LINEBELOW", (1, 0), (-1, 0), 0.4, LINE), *padding(2)]
    return [Spacer(0, 4 * mm), Table([header, *rows], colWidths=_TAXES, style=style)]


def _table(rows: Sequence[tuple[str, str, Any]], widths: Sequence[float]) -> Flowable:
    return Table(
        [["", paragraph(name, style), paragraph(amount, style)] for name, amount, style in rows],
        colWidths=widths,
        style=[("LINEABOVE", (1, -1), (-1, -1), 0.8, BRAND), *padding(4)],
    )


def _closing(texts: Sequence[str], remarks: Sequence[str]) -> list[Flowable]:
    return [
        Spacer(0, 8 * mm),
        *(paragraph(text, TEXT) for text in texts),
        Spacer(0, 3 * mm),
        *(paragraph(remark, SMALL) for remark in remarks),
    ]


def _paid(data: dict[str, Any]) -> str:
    return _("Paid on %(day)s: %(method)s.") % {"day": _day(data["paid_on"]), "method": data["paid_with"]}


def _day(iso: str) -> str:
    locale = translation.to_locale(translation.get_language() or "en")
    return format_date(date.fromisoformat(iso), format="long", locale=locale)
