"""Replay: exact totals, idempotence, rejected invoices, invalid files."""

import io
import json
import os
from collections import Counter
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.core.management import CommandError, call_command

from messaging.models import Message
from messaging.topology import Priority
from orders.models import IdempotencyKey, Order, OrderLine
from shop.models import Product, StockMovement
from shop.replay.country_codes import country_code
from shop.replay.csv_invoices import Invoice, Line, Reason, invoices
from shop.replay.csv_rows import HEADER, read_rows
from shop.replay.output import TOLD, ProgressBar, as_text
from shop.replay.services import Report, replay

pytestmark = pytest.mark.django_db(transaction=True)

KEYS = {
    "placed", "already_there", "rejected", "revenue_minor", "currency", "seconds", "bad_rows", "bad_row_errors",
}  # fmt: skip
DATA = Path(os.environ.get("CONVEYOR_RETAIL_DATA") or settings.BASE_DIR.parent / "shared" / "data" / "online-retail")
#: From the data set's description: invoices, sales, and their total in pence.
DAYS = {
    "2010-12-01.csv": (143, 127, 5_896_079),
    "2010-12-02.csv": (167, 142, 4_774_838),
    "2010-12-03.csv": (108, 68, 4_694_371),
    "2010-12-05.csv": (95, 88, 3_177_495),
    "2010-12-06.csv": (133, 102, 5_483_046),
}


def row(invoice: str = "1", sku: str = "85123A", quantity: Any = 6, price: Any = "2.55", **changes: str) -> str:
    cells = {
        "InvoiceNo": invoice,
        "StockCode": sku,
        "Description": "WHITE HEART",
        "Quantity": str(quantity),
        "InvoiceDate": "2010-12-01 08:26:00",
        "UnitPrice": str(price),
        "CustomerID": "17850.0",
        "Country": "United Kingdom",
    } | changes
    return ",".join(cells[column] for column in HEADER)


def written(folder: Path, *rows: str, header: str = ",".join(HEADER)) -> Path:
    path = folder / "day.csv"
    path.write_text("\n".join([header, *rows]) + "\n", encoding="utf-8")
    return path


def run(path: Path, *arguments: str) -> dict[str, Any]:
    out = io.StringIO()
    call_command("replay_orders", str(path), "--json", *arguments, stdout=out)
    report: dict[str, Any] = json.loads(out.getvalue())
    assert set(report) == KEYS
    return report


def everything() -> list[Any]:
    """All rows a replay writes, to detect whether a second one wrote more."""
    models = (Product, StockMovement, Order, OrderLine, IdempotencyKey, Message)
    return [list(model.objects.order_by("pk").values()) for model in models]


@pytest.mark.parametrize("name", list(DAYS))
def test_a_real_day_is_placed_to_the_penny_and_changes_nothing_when_run_again(name):
    if not (DATA / name).exists():
        pytest.skip(f"the day's file is not at {DATA / name}; set CONVEYOR_RETAIL_DATA to the folder that has it")
    seen, sales, pence = DAYS[name]
    report = run(DATA / name, "--max")
    assert (report["placed"], report["revenue_minor"], report["currency"]) == (sales, pence, "GBP")
    assert report["placed"] + report["already_there"] + sum(report["rejected"].values()) == seen
    assert sum(Order.objects.values_list("total", flat=True)) == pence
    assert set(Product.objects.values_list("stock", flat=True)) == {0}
    before = everything()
    again = run(DATA / name, "--max")
    assert (again["placed"], again["already_there"], again["revenue_minor"]) == (0, sales, 0)
    assert again["rejected"] == report["rejected"]
    assert everything() == before


def test_a_sale_becomes_an_order_of_the_import(tmp_path):
    run(written(tmp_path, row("536365")))
    order = Order.objects.get()
    assert (order.source, order.currency, order.total, order.shipping_price) == ("import", "GBP", 6 * 255, 0)
    assert (order.email, order.name, order.country) == ("customer-17850@retail.example", "Customer 17850", "GB")
    assert IdempotencyKey.objects.filter(client="replay", key="536365", order=order).exists()
    message = Message.objects.get(task="payments.charge_payment")
    assert message.priority == Priority.LOW


def test_a_sale_without_a_customer_is_a_guests(tmp_path):
    run(written(tmp_path, row(CustomerID="", Country="EIRE")))
    order = Order.objects.get()
    assert (order.email, order.country) == ("guest@retail.example", "IE")


def test_products_are_created_unlisted_with_the_first_description(tmp_path):
    run(written(tmp_path, row(Description=""), row(Description="RED HEART"), row(Description="OTHER")))
    product = Product.objects.get()
    assert (product.sku, product.name, product.currency, product.is_listed) == ("85123A", "RED HEART", "GBP", False)


def test_codes_that_differ_only_in_case_are_different_products(tmp_path):
    run(written(tmp_path, row(sku="85123A"), row(sku="85123a"), row(sku="--")))
    assert Product.objects.count() == 3


def test_a_stock_code_may_appear_twice_at_different_prices(tmp_path):
    report = run(written(tmp_path, row(quantity=1, price="2.55"), row(quantity=2, price="1.00")))
    assert report["revenue_minor"] == 455
    assert list(OrderLine.objects.values_list("quantity", "unit_price")) == [(1, 255), (2, 100)]
    assert Product.objects.get().stock == 0


def test_existing_products_are_sold_at_the_file_s_price(tmp_path):
    Product.objects.create(sku="85123A", slug="heart", name="Heart", price=999)
    run(written(tmp_path, row(quantity=1)))
    assert Order.objects.get().total == 255
    assert Product.objects.get().price == 999


@pytest.mark.parametrize(
    ("rows", "reason"),
    [
        ([row("C1", quantity=-1)], "cancellation"),
        ([row(quantity=-3), row(quantity=0, price=0)], "stock_write_off"),
        ([row(price=0), row(price="-1.50"), row(quantity=-1)], "no_price"),
        ([row(price="0.001")], "fraction_of_a_penny"),
    ],
)
def test_a_rejected_invoice_is_counted_by_reason(tmp_path, rows, reason):
    report = run(written(tmp_path, *rows, row("9")))
    assert report["rejected"] == {reason: 1}
    assert report["placed"] == 1


def test_rows_that_sell_nothing_are_left_out_of_a_sale(tmp_path):
    report = run(written(tmp_path, row(quantity=2), row(sku="X", quantity=-1), row(sku="Y", price=0)))
    assert (report["placed"], report["revenue_minor"], report["rejected"]) == (1, 510, {})
    assert OrderLine.objects.count() == 1


def test_an_invoice_changed_after_it_was_placed_is_rejected(tmp_path):
    run(written(tmp_path, row(quantity=2)))
    before = everything()
    report = run(written(tmp_path, row(quantity=3)))
    assert report["rejected"] == {"changed_since_it_was_placed": 1}
    assert everything() == before


def test_an_invoice_placed_by_a_concurrent_replay_is_not_restocked(tmp_path, monkeypatch):
    path = written(tmp_path, row())
    run(path)
    before = everything()
    monkeypatch.setattr("shop.replay.services._placed_numbers", lambda numbers: set())
    assert run(path)["already_there"] == 1
    assert everything() == before


def test_a_long_invoice_is_one_order(tmp_path):
    report = run(written(tmp_path, *(row(sku=f"S{n}", quantity=n % 9 + 1) for n in range(675))))
    assert report["placed"] == 1
    assert OrderLine.objects.count() == 675


def test_a_limit_stops_after_so_many_sales(tmp_path):
    rows = [row("C0"), row("1"), row("2"), row("C3"), row("4")]
    report = run(written(tmp_path, *rows), "--limit", "2")
    assert (report["placed"], report["rejected"]) == (2, {"cancellation": 1})
    assert run(written(tmp_path, *rows))["placed"] == 1


def test_with_a_speed_invoices_wait_for_their_time():
    times = [datetime(2010, 12, 1, 8, minute, tzinfo=UTC) for minute in (0, 10, 30)]
    day = [Invoice(str(at), at, "", "", (), rejected=Reason.CANCELLATION) for at in times]
    waits: list[float] = []
    replay(invoices=day, speed=60, sleep=waits.append)
    assert waits == [pytest.approx(wait, abs=0.5) for wait in (0, 10, 30)]


def test_invoices_come_in_the_order_of_their_times(tmp_path):
    late = row("1", InvoiceDate="2010-12-01 12:00:00")
    path = written(tmp_path, late, row("2"), row("1", InvoiceDate="2010-12-01 12:01:00"))
    assert [(i.number, len(i.lines)) for i in invoices(rows=read_rows(path=path))] == [("2", 1), ("1", 2)]


def test_prices_are_exact(tmp_path):
    path = written(tmp_path, row(quantity=1, price="1.1"), row(quantity=1, price="2.20"), row(quantity=1, price="4.35"))
    (invoice,) = invoices(rows=read_rows(path=path))
    assert [line.unit_price for line in invoice.lines] == [110, 220, 435]
    assert invoice.lines[0] == Line("85123A", "WHITE HEART", 1, 110)


BAD_FILES = {
    "empty": (b"", "is empty"),
    "only a header": (",".join(HEADER).encode(), "contains no rows"),
    "another header": (b"id,name\n1,2\n", "must start with"),
    "no text": (b"\x89PNG\r\n\x1a\n\x00\xff", "must start with"),
    "an open quote in the header": (b'"InvoiceNo\n1,2\n', "must start with"),
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


@pytest.mark.parametrize(
    "arguments",
    [
        ["--speed", "0"],
        ["--speed", "x"],
        ["--speed", "nan"],
        ["--limit", "0"],
        ["--limit", "-1"],
        ["--speed", "2", "--max"],
    ],
)
def test_invalid_options_are_rejected(tmp_path, arguments):
    with pytest.raises(CommandError):
        run(written(tmp_path, row()), *arguments)


def test_the_text_report_lists_reasons(tmp_path):
    out = io.StringIO()
    call_command("replay_orders", str(written(tmp_path, row("1"), row("C2"))), stdout=out)
    report = out.getvalue()
    assert "1 order placed, total £15.30." in report
    assert "cancellation" in report


@pytest.mark.parametrize("reason", list(Reason))
def test_each_reason_has_a_description(reason):
    assert f" {reason}\n" not in as_text(Report(rejected=Counter({reason: 1}))) + "\n"


def test_the_bar_grows_and_ends_its_line():
    terminal = io.StringIO()
    bar = ProgressBar(terminal, 2)
    for placed in (1, 2):
        bar.show(Report(placed=placed, seconds=0.5))
    assert "2/2" in terminal.getvalue()
    assert terminal.getvalue().endswith("\n")


@pytest.mark.parametrize(
    ("name", "code"),
    [("United Kingdom", "GB"), ("EIRE", "IE"), ("Germany", "DE"), ("USA", "US"), ("Unspecified", "ZZ"), ("", "ZZ")],
)
def test_countries_are_known_by_name(name, code):
    assert country_code(name) == code
