"""Replay: exact totals, idempotence, rejected invoices, invalid files."""

import io
import os
from collections import Counter
from datetime import UTC, datetime
from pathlib import Path

import pytest
from django.conf import settings
from django.core.management import CommandError, call_command

from messaging.models import Message
from messaging.topology import Priority
from orders.models import AmountLine, IdempotencyKey, Order, OrderLine
from shop.models import Product
from shop.replay.country_codes import country_code
from shop.replay.csv_invoices import Invoice, Line, Reason, invoices
from shop.replay.csv_rows import read_rows
from shop.replay.output import ProgressBar, as_text
from shop.replay.services import Report, replay
from tests.shop.replay.files import everything, row, run, written

pytestmark = pytest.mark.django_db(transaction=True)

DATA = Path(os.environ.get("CONVEYOR_RETAIL_DATA") or settings.BASE_DIR.parent / "shared" / "data" / "online-retail")
#: From the data set's description: invoices, sales, and their total in pence.
DAYS = {
    "2010-12-01.csv": (143, 127, 5_896_079),
    "2010-12-02.csv": (167, 142, 4_774_838),
    "2010-12-03.csv": (108, 68, 4_694_371),
    "2010-12-05.csv": (95, 88, 3_177_495),
    "2010-12-06.csv": (133, 102, 5_483_046),
}


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


def test_a_sale_has_the_vat_of_its_country_and_day(tmp_path):
    rates = {"Germany": (1900, "2024-05-01 10:00:00"), "Finland": (2550, "2024-09-01 10:00:00")}
    rows = [row(str(n), Country=country, InvoiceDate=day) for n, (country, (_, day)) in enumerate(rates.items())]
    run(written(tmp_path, *rows, row("9", Country="Germany"), row("10", Country="United Kingdom")))
    found = AmountLine.objects.filter(kind="goods").order_by("order")
    assert sorted(found.values_list("order__country", "rate"), key=str) == [
        ("DE", 1900), ("DE", None), ("FI", 2550), ("GB", 0),
    ]  # fmt: skip


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
        ([row(quantity=10_000_000, price="0.01")] * 215, "too_large"),  # more than 2**31 pieces
        ([row(sku=f"X{n}", quantity=10_000_000, price="9999999.99") for n in range(930)], "too_large"),  # 2**63 pence
        ([row(sku=f"X{n}", quantity=1) for n in range(10_001)], "too_large"),
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
