"""Reads a CSV file of invoice lines. A row that cannot be read is kept apart with the reason; the others are usable."""

import csv
import re
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

from django.utils.translation import gettext as _

HEADER = ["InvoiceNo", "StockCode", "Description", "Quantity", "InvoiceDate", "UnitPrice", "CustomerID", "Country"]
MAX_LENGTHS = {"InvoiceNo": 40, "StockCode": 40, "Description": 500, "CustomerID": 40, "Country": 100}
MAX_NUMBER = 10**7
#: ISO dates, and month/day/year, as spreadsheets write the data set.
DATE_STYLES = ("%Y-%m-%d %H:%M:%S", "%Y-%m-%d %H:%M", "%Y-%m-%dT%H:%M:%S", "%m/%d/%Y %H:%M", "%m/%d/%Y %H:%M:%S")
#: Stricter than `int` and `Decimal`, which read `1_0` as ten.
_WHOLE = re.compile(r"[+-]?[0-9]{1,12}")
_DECIMAL = re.compile(r"[+-]?[0-9]{1,12}(\.[0-9]{1,12})?")
_ASCII_DATE = re.compile(r"[0-9/:T -]{8,30}")


class InvalidFile(Exception):
    """The file is not one of invoice lines; the message gives the reason. Nothing was written."""


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


@dataclass(frozen=True, slots=True)
class BadRow:
    """A row that cannot be read. `line` is its last in the file, from 1.

    `invoices` are all that its lines may name: after a quotation mark that is not closed, a row takes in others.
    """

    line: int
    why: str
    invoices: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Rows:
    """All rows of a file, in file order."""

    good: list[Row] = field(default_factory=list)
    bad: list[BadRow] = field(default_factory=list)


def read_rows(*, path: Path) -> Rows:
    """The rows of the file. Raises `InvalidFile` if it cannot be read, has another header, or has no readable row."""
    try:
        # Bytes that are not UTF-8 spoil their own row only.
        with path.open(encoding="utf-8-sig", errors="surrogateescape", newline="") as file:
            rows = _rows(_Lines(file), path.name)
    except OSError as error:
        raise InvalidFile(_("{path} cannot be read: {why}.").format(path=path, why=error.strerror)) from None
    if not rows.good:
        first = f" {told(rows.bad[0])}" if rows.bad else ""
        raise InvalidFile(_("{path} contains no rows.").format(path=path) + first)
    return rows


def told(row: BadRow) -> str:
    return _("Line {line}: {why}").format(line=row.line, why=row.why)


class _Lines:
    """The lines of a file. `of_row` are those of the row that was read last."""

    def __init__(self, file: Iterable[str]) -> None:
        self._file, self.of_row = iter(file), list[str]()

    def __iter__(self) -> Iterator[str]:
        return self

    def __next__(self) -> str:
        line = next(self._file)
        self.of_row.append(line)
        return line


def _rows(lines: _Lines, name: str) -> Rows:
    reader = csv.reader(lines, strict=True)
    _check_header(next(_cells(reader, lines), None), name)
    rows = Rows()
    for cells in _cells(reader, lines):
        try:
            if isinstance(cells, csv.Error):
                raise ValueError(f"{cells}.")
            _check_quotes(lines.of_row)
            rows.good.append(_row(cells))
        except ValueError as error:
            rows.bad.append(BadRow(reader.line_num, str(error), _invoices(cells, lines.of_row)))
    return rows


def _cells(reader: Any, lines: _Lines) -> Iterator[list[str] | csv.Error]:
    """The cells of each row that is not blank, white space normalized; or why they cannot be told apart."""
    while True:
        lines.of_row.clear()
        try:
            cells = [_normalized(cell) for cell in next(reader)]
        except StopIteration:
            return
        except csv.Error as error:
            yield error
            continue
        if any(cells):
            yield cells


def _normalized(cell: str) -> str:
    return " ".join(cell.split())


def _check_header(cells: list[str] | csv.Error | None, name: str) -> None:
    if cells is None:
        raise InvalidFile(_("{name} is empty.").format(name=name))
    if cells != HEADER:
        text = _("{name} must be UTF-8 text with commas between the columns, and start with the header: {header}")
        raise InvalidFile(text.format(name=name, header=",".join(HEADER)))


def _check_quotes(lines: list[str]) -> None:
    """Raises `ValueError` for a row of several lines if one of them has all columns: that is a row of its own."""
    if len(lines) > 1 and any(line.count(",") >= len(HEADER) - 1 for line in lines):
        raise ValueError(_("A quotation mark is not closed, so that the row takes in other rows."))


def _invoices(cells: list[str] | csv.Error, lines: list[str]) -> frozenset[str]:
    named = {_normalized(line.split(",", 1)[0].replace('"', "")) for line in lines}
    return frozenset(named | set(cells[:1] if isinstance(cells, list) else ()))


def _row(cells: list[str]) -> Row:
    """Raises `ValueError` with a message for the user."""
    if len(cells) != len(HEADER):
        raise ValueError(_("{found} columns instead of {expected}.").format(found=len(cells), expected=len(HEADER)))
    text = dict(zip(HEADER, cells, strict=True))
    for column, max_length in MAX_LENGTHS.items():
        if len(text[column]) > max_length or not text[column].isprintable():
            raise ValueError(
                _("{column} is too long, or contains unprintable characters or bytes that are not UTF-8.").format(
                    column=column
                )
            )
    if not (text["InvoiceNo"] and text["StockCode"]):
        raise ValueError(_("InvoiceNo and StockCode must not be empty."))
    return Row(
        invoice=text["InvoiceNo"],
        sku=text["StockCode"],
        description=text["Description"],
        quantity=_cell(text, "Quantity", _whole, _("a whole number")),
        at=_cell(text, "InvoiceDate", _time, _("2010-12-01 08:26:00 or 12/1/2010 8:26 (month/day/year)")),
        unit_price=_cell(text, "UnitPrice", _decimal, _("a number such as 2.55")),
        customer=text["CustomerID"].removesuffix(".0"),
        country=text["Country"],
    )


def _cell(text: dict[str, str], column: str, parse: Callable[[str], Any], form: str) -> Any:
    value = parse(text[column])
    if value is None or (not isinstance(value, datetime) and abs(value) > MAX_NUMBER):
        raise ValueError(
            _("{column} has the invalid value {text}; expected is {form}.").format(
                column=column, text=ascii(text[column][:40]), form=form
            )
        )
    return value


def _whole(text: str) -> int | None:
    return int(text) if _WHOLE.fullmatch(text) else None


def _decimal(text: str) -> Decimal | None:
    return Decimal(text) if _DECIMAL.fullmatch(text) else None


def _time(text: str) -> datetime | None:
    """The file does not state a time zone; UTC is assumed."""
    for style in DATE_STYLES if _ASCII_DATE.fullmatch(text) else ():
        with suppress(ValueError):
            return datetime.strptime(text, style).replace(tzinfo=UTC)
    return None
