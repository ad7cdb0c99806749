"""CSV files of invoices: styles of dates, white space, bad rows and invalid files."""

import io
from datetime import UTC, datetime

import pytest
from django.conf import settings
from django.core.management import CommandError, call_command

from orders.models import IdempotencyKey, OrderLine
from shop.models import Product
from shop.replay.csv_rows import HEADER, read_rows
from shop.replay.output import TOLD
from tests.shop.replay.files import everything, row, run, written

pytestmark = pytest.mark.django_db(transaction=True)
BAD_FILES = {
    "empty": (b"", "is empty"),
    "only a header": (",".join(HEADER).encode(), "contains no rows"),
    "another header": (b"id,name\n1,2\n", "start with"),
    "no text": (b"\x89PNG\r\n\x1a\n\x00\xff", "start with"),
    "an open quote in the header": (b'"InvoiceNo\n1,2\n', "start with"),
    "no good row": (f"{','.join(HEADER)}\n{row(quantity='six')}".encode(), "no rows. Line 2: Quantity"),
}


@pytest.mark.parametrize("what", list(BAD_FILES))
def test_an_invalid_file_is_reported_and_nothing_is_written(tmp_path, what):
    body, sentence = BAD_FILES[what]
    path = tmp_path / "bad.csv"
    path.write_bytes(body)
    with pytest.raises(CommandError) as refusal:
        run(path)
    assert sentence in str(refusal.value)
    assert "Nothing was written." in str(refusal.value)
    assert "\n" not in str(refusal.value)
    assert not any(everything())


BAD_ROWS = {
    "half a row": (row()[:20], "columns instead of 8"),
    "a cell too many": (f"{row()},1", "9 columns instead of 8"),
    "a quantity that is none": (row(quantity="six"), "Quantity has the invalid value 'six'"),
    "half a piece": (row(quantity="1.5"), "Quantity"),
    "a quantity as in Python": (
        row(quantity="1_0"),
        "Quantity has the invalid value '1_0'; expected is a whole number",
    ),
    "a quantity in other digits": (row(quantity="\u0661\u0662"), "Quantity"),
    "no quantity": (row(quantity=""), "Quantity"),
    "a huge quantity": (row(quantity=10**12), "Quantity"),
    "a quantity beyond all numbers": (row(quantity="9" * 5000), "Quantity"),
    "a price that is none": (row(price="free"), "UnitPrice"),
    "a price as in Python": (row(price="1_0.5"), "UnitPrice"),
    "an endless price": (row(price="Infinity"), "UnitPrice"),
    "no number": (row(price="NaN"), "UnitPrice"),
    "a price of many powers": (row(price="1E+400"), "UnitPrice"),
    "a date without a time": (row(InvoiceDate="01/12/2010"), "2010-12-01 08:26:00 or 12/1/2010 8:26 (month/day/year)"),
    "a day before the month": (row(InvoiceDate="13/1/2010 8:26"), "InvoiceDate has the invalid value '13/1/2010 8:26'"),
    "no invoice": (row(invoice=" "), "InvoiceNo"),
    "a NUL": (row(Description="a\x00b"), "unprintable"),
    "a long code": (row(sku="x" * 41), "StockCode is too long"),
    "a broken quote": ('1,2,"a"b,1,2,3,4,5', "expected after"),
}


@pytest.mark.parametrize("what", list(BAD_ROWS))
def test_a_bad_row_is_told_and_the_others_are_placed(tmp_path, what):
    bad, why = BAD_ROWS[what]
    report = run(written(tmp_path, row("8"), bad, row("9")))
    assert (report["placed"], report["bad_rows"]) == (2, 1)
    (text,) = report["bad_row_errors"]
    assert text.startswith("Line 3: ")
    assert why in text
    assert set(IdempotencyKey.objects.values_list("key", flat=True)) == {"8", "9"}


def test_bytes_of_another_encoding_spoil_their_row_only(tmp_path):
    path = written(tmp_path, row("8"))
    path.write_bytes(
        path.read_bytes() + row("7", Description="CAF\u00c9").encode("latin-1") + b"\n" + row("9").encode()
    )
    report = run(path)
    assert (report["placed"], report["bad_rows"]) == (2, 1)
    assert "bytes that are not UTF-8" in report["bad_row_errors"][0]


def test_a_quote_that_is_never_closed_costs_the_rows_behind_it_and_is_told(tmp_path):
    report = run(written(tmp_path, row("8"), '1,2,"half', row("9")))
    assert (report["placed"], report["bad_rows"]) == (1, 1)
    assert "unexpected end of data" in report["bad_row_errors"][0]


TAKEN_IN = {
    "up to another row's quote": ['3,71053,RED "QUILT",6,2010-12-01 08:26:00,2.55,17850,United Kingdom'],
    "up to a quote that seems to close it": ['3,71053,RED",6,2010-12-01 08:26:00,2.55,17850,United Kingdom'],
    "beyond the longest cell": [row("3", Description="x" * 200_000)],
    "up to a row of too few cells": ['3,71053,RED",6'],
}


@pytest.mark.parametrize("what", list(TAKEN_IN))
def test_an_open_quote_rejects_every_invoice_whose_rows_it_takes_in(tmp_path, what):
    opened = '2,85123A,"WHITE,6,2010-12-01 08:26:00,2.55,17850,United Kingdom'
    path = written(tmp_path, row("8"), row("2"), opened, row("3"), *TAKEN_IN[what], row("3", sku="X"), row("9"))
    report = run(path)
    assert (report["placed"], report["rejected"], report["bad_rows"]) == (2, {"bad_row": 2}, 1)
    assert set(IdempotencyKey.objects.values_list("key", flat=True)) == {"8", "9"}


def test_an_invoice_with_a_bad_row_is_placed_once_the_row_is_corrected(tmp_path):
    report = run(written(tmp_path, row("8"), row("7"), row("7", quantity="1_0")))
    assert (report["placed"], report["rejected"], report["bad_rows"]) == (1, {"bad_row": 1}, 1)
    report = run(written(tmp_path, row("8"), row("7"), row("7", sku="X", quantity="10")))
    assert (report["placed"], report["already_there"], report["rejected"]) == (1, 1, {})
    assert OrderLine.objects.filter(quantity=10).exists()


def test_blank_lines_and_white_space_of_any_kind_are_no_error(tmp_path):
    spaces = row("2", sku="\u00a0AB 1\u00a0", Description='"WHITE\n  HEART\u2003BOX"', quantity=" 6\u00a0")
    report = run(written(tmp_path, row("1"), "", spaces, "  ", ",,,,,,,", ""))
    assert (report["placed"], report["bad_rows"]) == (2, 0)
    product = Product.objects.get(sku="AB 1")
    assert product.name == "WHITE HEART BOX"


@pytest.mark.parametrize(
    ("text", "at"),
    [
        ("12/1/2010 8:26", (2010, 12, 1, 8, 26)),
        ("12/31/2010 18:06:09", (2010, 12, 31, 18, 6, 9)),
        ("2010-12-01 08:26:00", (2010, 12, 1, 8, 26)),
        ("2010-12-01 08:26", (2010, 12, 1, 8, 26)),
        ("2010-12-01T08:26:00", (2010, 12, 1, 8, 26)),
    ],
)
def test_dates_are_read_in_the_style_of_spreadsheets_and_in_iso(tmp_path, text, at):
    (found,) = read_rows(path=written(tmp_path, row(InvoiceDate=text))).good
    assert found.at == datetime(*at, tzinfo=UTC)


def test_a_report_explains_a_bounded_number_of_bad_rows(tmp_path):
    path = written(tmp_path, row("8"), *(row(quantity="six") for _ in range(TOLD + 5)))
    report = run(path)
    assert (report["bad_rows"], len(report["bad_row_errors"])) == (TOLD + 5, TOLD)
    out = io.StringIO()
    call_command("replay_orders", str(path), stdout=out)
    assert "25 rows could not be read:" in out.getvalue()
    assert "Line 3: Quantity has the invalid value 'six'" in out.getvalue()
    assert "… and 5 more." in out.getvalue()


def test_the_sample_shows_both_date_styles_and_is_placed():
    sample = settings.BASE_DIR / "shop" / "replay" / "sample.csv"
    assert len(read_rows(path=sample).good) == 10
    report = run(sample)
    assert (report["placed"], report["bad_rows"]) == (5, 0)
    assert report["rejected"] == {"cancellation": 1, "stock_write_off": 1}


def test_an_unreadable_file_is_reported(tmp_path):
    for path in (tmp_path / "none.csv", tmp_path):
        with pytest.raises(CommandError, match="cannot be read"):
            run(path)


def test_a_file_from_a_spreadsheet_with_a_byte_order_mark_is_read(tmp_path):
    path = written(tmp_path, row())
    path.write_bytes(b"\xef\xbb\xbf" + path.read_bytes().replace(b"\n", b"\r\n"))
    assert run(path)["placed"] == 1
