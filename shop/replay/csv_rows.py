"""Reads and validates a CSV file of invoice lines.

The whole file is validated before anything is written, so an invalid file has no effect.
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
MAX_LENGTHS = {"InvoiceNo": 40, "StockCode": 40, "Description": 500, "CustomerID": 40, "Country": 100}
MAX_NUMBER = 10**7


class InvalidFile(Exception):
    """The file cannot be replayed; the message gives the reason and the line. Nothing was written."""


@dataclass(frozen=True, slots=True)
class Row:
    """One line of an invoice. `unit_price` is in pounds, as in the file."""

    invoice: str
    sku: str
    description: str
    quantity: int
    at: datetime
    unit_price: Decimal
    customer: str
    country: str


def read_rows(*, path: Path) -> list[Row]:
    """All rows of the file, in file order. Raises `InvalidFile`."""
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            rows = list(_rows(file, path.name))
    except OSError as error:
        raise InvalidFile(_("{path} cannot be read: {why}.").format(path=path, why=error.strerror)) from None
    except UnicodeDecodeError:
        raise InvalidFile(_("{path} is not UTF-8 text.").format(path=path)) from None
    if not rows:
        raise InvalidFile(_("{path} contains no rows.").format(path=path))
    return rows


def _rows(file: Iterator[str], name: str) -> Iterator[Row]:
    reader = csv.reader(file, strict=True)
    try:
        header = next(reader, None)
        if header is None:
            raise InvalidFile(_("{name} is empty.").format(name=name))
        if header != HEADER:
            raise InvalidFile(
                _("{name} must start with the header: {header}").format(name=name, header=",".join(HEADER))
            )
        for cells in reader:
            yield _row(cells)
    except csv.Error as error:
        raise InvalidFile(_("{name}, line {line}: {why}.").format(name=name, line=reader.line_num, why=error)) from None
    except UnicodeDecodeError:
        raise
    except ValueError as error:
        raise InvalidFile(_("{name}, line {line}: {why}").format(name=name, line=reader.line_num, why=error)) from None


def _row(cells: list[str]) -> Row:
    """Raises `ValueError` with a message for the user."""
    if len(cells) != len(HEADER):
        raise ValueError(_("{found} columns instead of {expected}.").format(found=len(cells), expected=len(HEADER)))
    text = dict(zip(HEADER, (cell.strip() for cell in cells), strict=True))
    for column, max_length in MAX_LENGTHS.items():
        if len(text[column]) > max_length or not (text[column].isprintable()):
            raise ValueError(_("{column} is too long or contains unprintable characters.").format(column=column))
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
        if isinstance(value, int | Decimal) and not -MAX_NUMBER <= value <= MAX_NUMBER:
            raise ValueError
    except (ValueError, InvalidOperation):
        raise ValueError(
            _("{column} has the invalid value {text!r}.").format(column=column, text=text[column][:40])
        ) from None
    return value


def _time(text: str) -> datetime:
    """The file does not state a time zone; UTC is assumed."""
    return datetime.strptime(text, "%Y-%m-%d %H:%M:%S").replace(tzinfo=UTC)
