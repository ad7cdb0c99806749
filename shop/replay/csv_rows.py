"""Reads and checks a CSV file of invoice lines.

A file is read and judged as a whole before anything of it is written, so that a broken one leaves nothing behind.
"""

import csv
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Any

from django.utils.translation import gettext as _

HEADER = ["InvoiceNo", "StockCode", "Description", "Quantity", "InvoiceDate", "UnitPrice", "CustomerID", "Country"]
LONGEST = {"InvoiceNo": 40, "StockCode": 40, "Description": 500, "CustomerID": 40, "Country": 100}
MOST = 10**7


class BadFile(Exception):
    """The file cannot be replayed; one sentence says why, with the line. Nothing was written."""


@dataclass(frozen=True, slots=True)
class Row:
    """One line of an invoice. `unit_price` is in pounds, as it stands in the file."""

    invoice: str
    sku: str
    description: str
    quantity: int
    at: datetime
    unit_price: Decimal
    customer: str
    country: str


def read_rows(*, path: Path) -> list[Row]:
    """All rows of the file, in its order. Raises `BadFile`."""
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            rows = list(_rows(file, path.name))
    except OSError as error:
        raise BadFile(_("{path} cannot be read: {why}.").format(path=path, why=error.strerror)) from None
    except UnicodeDecodeError:
        raise BadFile(_("{path} is not text in UTF-8.").format(path=path)) from None
    if not rows:
        raise BadFile(_("{path} has no rows.").format(path=path))
    return rows


def _rows(file: Iterator[str], name: str) -> Iterator[Row]:
    reader = csv.reader(file, strict=True)
    try:
        header = next(reader, None)
        if header is None:
            raise BadFile(_("{name} is empty.").format(name=name))
        if header != HEADER:
            raise BadFile(_("{name} must begin with: {header}").format(name=name, header=",".join(HEADER)))
        for cells in reader:
            yield _row(cells)
    except csv.Error as error:
        raise BadFile(_("{name}, line {line}: {why}.").format(name=name, line=reader.line_num, why=error)) from None
    except UnicodeDecodeError:
        raise
    except ValueError as error:
        raise BadFile(_("{name}, line {line}: {why}").format(name=name, line=reader.line_num, why=error)) from None


def _row(cells: list[str]) -> Row:
    """Raises ValueError with a sentence."""
    if len(cells) != len(HEADER):
        raise ValueError(_("{found} cells instead of {wanted}.").format(found=len(cells), wanted=len(HEADER)))
    text = dict(zip(HEADER, (cell.strip() for cell in cells), strict=True))
    for column, longest in LONGEST.items():
        if len(text[column]) > longest or not (text[column].isprintable()):
            raise ValueError(_("{column} is too long, or not printable.").format(column=column))
    if not (text["InvoiceNo"] and text["StockCode"]):
        raise ValueError(_("InvoiceNo and StockCode must not be empty."))
    return Row(
        invoice=text["InvoiceNo"],
        sku=text["StockCode"],
        description=text["Description"],
        quantity=_cell(text, "Quantity", int),
        at=_cell(text, "InvoiceDate", _time),
        unit_price=_cell(text, "UnitPrice", Decimal),
        customer=text["CustomerID"].removesuffix(".0"),
        country=text["Country"],
    )


def _cell(text: dict[str, str], column: str, parse: Callable[[str], Any]) -> Any:
    try:
        value = parse(text[column])
        if isinstance(value, int | Decimal) and not -MOST <= value <= MOST:
            raise ValueError
    except (ValueError, InvalidOperation):
        raise ValueError(_("{column} is {text!r}.").format(column=column, text=text[column][:40])) from None
    return value


def _time(text: str) -> datetime:
    """The shop's clock is not told, so it is taken as UTC."""
    return datetime.strptime(text, "%Y-%m-%d %H:%M:%S").replace(tzinfo=UTC)
