"""CSV files of invoices, their replay, and what it writes."""

import io
import json
from pathlib import Path
from typing import Any

from django.core.management import call_command

from messaging.models import Message
from orders.models import IdempotencyKey, Order, OrderLine
from shop.models import Product, StockMovement
from shop.replay.csv_rows import HEADER

KEYS = {
    "placed", "already_there", "rejected", "revenue_minor", "currency", "seconds", "bad_rows", "bad_row_errors",
}  # fmt: skip


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
