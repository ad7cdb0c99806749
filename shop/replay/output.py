"""Replay output: progress bar, and the report as text or JSON."""

import json
from collections.abc import Iterator, Sequence
from typing import Protocol

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from orders.money import display
from shop.replay.csv_invoices import Reason
from shop.replay.csv_rows import BadRow, told
from shop.replay.services import Report

#: A report explains at most this many bad rows; it counts all.
TOLD = 20
_WIDTH = 30


class Terminal(Protocol):
    def write(self, text: str, /) -> object: ...
    def flush(self) -> None: ...


class ProgressBar:
    """A line redrawn in place; for terminals only."""

    def __init__(self, terminal: Terminal, total: int) -> None:
        self._terminal, self._total, self._drawn = terminal, total, -1

    def show(self, report: Report) -> None:
        filled = _WIDTH * report.seen // self._total
        at_end = report.seen == self._total
        if report.seen % 5 and not at_end:  # drawing less often keeps a slow terminal from slowing the replay
            return
        rate = report.seen / report.seconds if report.seconds else 0
        bar = "█" * filled + "░" * (_WIDTH - filled)
        self._terminal.write(f"\r{bar} {report.seen}/{self._total}  {rate:.0f}/s ")
        if at_end:
            self._terminal.write("\n")
        self._terminal.flush()


def as_json(report: Report, bad: Sequence[BadRow] = ()) -> str:
    return json.dumps(
        {
            "placed": report.placed,
            "already_there": report.already_placed,
            "rejected": dict(sorted(report.rejected.items())),
            "revenue_minor": report.revenue_minor,
            "currency": report.currency,
            "seconds": round(report.seconds, 3),
            "bad_rows": len(bad),
            "bad_row_errors": [told(row) for row in bad[:TOLD]],
        }
    )


def as_text(report: Report, bad: Sequence[BadRow] = ()) -> str:
    total = display(report.revenue_minor, report.currency)
    lines = [
        _("Processed {seen} invoices in {seconds:.1f} s.").format(seen=report.seen, seconds=report.seconds),
        ngettext("{n} order placed, total {total}.", "{n} orders placed, total {total}.", report.placed).format(
            n=report.placed, total=total
        ),
        ngettext("{n} already placed.", "{n} already placed.", report.already_placed).format(n=report.already_placed),
        ngettext("{n} rejected", "{n} rejected", report.rejected.total()).format(n=report.rejected.total())
        + (":" if report.rejected else "."),
    ]
    reasons = (f"  {n:5}  {_describe(reason)}" for reason, n in report.rejected.most_common())
    return "\n".join([*lines, *reasons, *_bad_rows(bad)])


def _bad_rows(bad: Sequence[BadRow]) -> Iterator[str]:
    if bad:
        yield ngettext("{n} row could not be read:", "{n} rows could not be read:", len(bad)).format(n=len(bad))
    yield from (f"  {told(row)}" for row in bad[:TOLD])
    if len(bad) > TOLD:
        yield "  " + _("… and {n} more.").format(n=len(bad) - TOLD)


def _describe(reason: str) -> str:
    return {
        Reason.CANCELLATION: _("cancellation (number starts with C)"),
        Reason.STOCK_WRITE_OFF: _("stock write-off (no quantity above 0)"),
        Reason.NO_PRICE: _("no sale (no price above 0)"),
        Reason.FRACTION_OF_A_PENNY: _("price not in whole pence"),
        Reason.TOO_LARGE: _("more lines, more pieces of a product or a higher total than an order can have"),
        Reason.CHANGED: _("already placed with different lines"),
        Reason.BAD_ROW: _("incomplete: one of its rows could not be read"),
    }[Reason(reason)]
