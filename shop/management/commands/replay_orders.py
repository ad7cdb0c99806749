"""`manage.py replay_orders FILE.csv`: replays historical sales as new orders."""

import sys
from argparse import ArgumentParser, ArgumentTypeError
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from shop.replay.csv_invoices import first_sales, invoices
from shop.replay.csv_rows import InvalidFile, read_rows
from shop.replay.output import ProgressBar, as_json, as_text
from shop.replay.services import Report, replay


class Command(BaseCommand):
    help = (
        "Replay the sales in a CSV file of invoices (UCI Online Retail) as new orders. Idempotent: an invoice that was "
        "already placed is counted and skipped; a row that cannot be read is reported, and its invoice left out. "
        "shop/replay/sample.csv is an example."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("file", type=Path, help="CSV file in the format of the UCI Online Retail data set")
        pace = parser.add_mutually_exclusive_group()
        pace.add_argument(
            "--speed", type=_positive_number, metavar="N", help="replay N times as fast as the original sales"
        )
        pace.add_argument("--max", action="store_true", help="replay without waiting (the default)")
        parser.add_argument("--limit", type=_positive_integer, metavar="N", help="replay at most N sales")
        parser.add_argument("--json", action="store_true", help="print the report as JSON, with revenue in pence")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            rows = read_rows(path=options["file"])
        except InvalidFile as error:
            raise CommandError(f"{error} Nothing was written.") from None
        found = invoices(rows=rows)
        if options["limit"]:
            found = first_sales(invoices=found, limit=options["limit"])
        progress = ProgressBar(sys.stderr, len(found)).show if sys.stderr.isatty() else _no_progress
        try:
            report = replay(invoices=found, speed=options["speed"], progress=progress)
        except KeyboardInterrupt:
            raise CommandError(
                "Interrupted. Placed orders were kept; run the command again to continue.", returncode=130
            ) from None
        self.stdout.write(as_json(report, rows.bad) if options["json"] else as_text(report, rows.bad))


def _no_progress(report: Report) -> None:
    """Output is not a terminal."""


def _positive_number(text: str) -> float:
    try:
        speed = float(text)
    except ValueError:
        speed = 0
    if not 0 < speed < float("inf"):
        raise ArgumentTypeError(f"{text!r} is not a number above 0")
    return speed


def _positive_integer(text: str) -> int:
    if not (text.isascii() and text.isdecimal() and int(text) > 0):
        raise ArgumentTypeError(f"{text!r} is not a whole number above 0")
    return int(text)
