"""`manage.py replay_orders FILE.csv`: places real sales of another shop as orders."""

import sys
from argparse import ArgumentParser, ArgumentTypeError
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from shop.replay.csv_invoices import first_sales, invoices
from shop.replay.csv_rows import BadFile, read_rows
from shop.replay.output import ProgressBar, as_json, as_text
from shop.replay.services import Report, replay


class Command(BaseCommand):
    help = (
        "Place the sales of a CSV file of invoices (Online Retail, UCI) as orders. Safe to run twice: an invoice that "
        "was placed is counted as already there."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("file", type=Path)
        pace = parser.add_mutually_exclusive_group()
        pace.add_argument("--speed", type=_above_zero, metavar="N", help="N times as fast as the day was")
        pace.add_argument("--max", action="store_true", help="without waiting (as when neither is given)")
        parser.add_argument("--limit", type=_count, metavar="N", help="stop after N sales")
        parser.add_argument("--json", action="store_true", help="the report as JSON, revenue in pence")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            found = invoices(rows=read_rows(path=options["file"]))
        except BadFile as error:
            raise CommandError(f"{error} Nothing was written.") from None
        if options["limit"]:
            found = first_sales(invoices=found, limit=options["limit"])
        progress = ProgressBar(sys.stderr, len(found)).show if sys.stderr.isatty() else _silently
        try:
            report = replay(invoices=found, speed=options["speed"], progress=progress)
        except KeyboardInterrupt:
            raise CommandError("Stopped. What was placed stays; run it again to go on.", returncode=130) from None
        self.stdout.write(as_json(report) if options["json"] else as_text(report))


def _silently(report: Report) -> None:
    """Without a terminal there is nobody to watch."""


def _above_zero(text: str) -> float:
    try:
        speed = float(text)
    except ValueError:
        speed = 0
    if not 0 < speed < float("inf"):
        raise ArgumentTypeError(f"{text!r} is not a number above 0")
    return speed


def _count(text: str) -> int:
    if not (text.isascii() and text.isdecimal() and int(text) > 0):
        raise ArgumentTypeError(f"{text!r} is not a whole number above 0")
    return int(text)
