"""Output of a replay: progress bar, report as text, report as JSON."""

import json
from typing import Protocol

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from orders.money import display
from shop.replay.csv_invoices import Reason
from shop.replay.services import Report

_WIDTH = 30


class Terminal(Protocol):
    def write(self, text: str, /) -> object: ...
    def flush(self) -> None: ...


class ProgressBar:
    """A line that is written over again and again, for terminals only."""

    def __init__(self, terminal: Terminal, total: int) -> None:
        self._terminal, self._total, self._drawn = terminal, total, -1

    def show(self, report: Report) -> None:
        filled = _WIDTH * report.seen // self._total
        at_end = report.seen == self._total
        if report.seen % 5 and not at_end:  # a terminal over a slow line must not slow the replay down
            return
        rate = report.seen / report.seconds if report.seconds else 0
        bar = "█" * filled + "░" * (_WIDTH - filled)
        self._terminal.write(f"\r{bar} {report.seen}/{self._total}  {rate:.0f}/s ")
        if at_end:
            self._terminal.write("\n")
        self._terminal.flush()


def as_json(report: Report) -> str:
    return json.dumps(
        {
            "placed": report.placed,
            "already_there": report.already_there,
            "rejected": dict(sorted(report.rejected.items())),
            "revenue_minor": report.revenue_minor,
            "currency": report.currency,
            "seconds": round(report.seconds, 3),
        }
    )


def as_text(report: Report) -> str:
    worth = display(report.revenue_minor, report.currency)
    lines = [
        _("{seen} invoices in {seconds:.1f} s.").format(seen=report.seen, seconds=report.seconds),
        ngettext(
            "{n} order was placed, worth {worth}.", "{n} orders were placed, worth {worth}.", report.placed
        ).format(n=report.placed, worth=worth),
        ngettext("{n} was there already.", "{n} were there already.", report.already_there).format(
            n=report.already_there
        ),
        ngettext("{n} was rejected", "{n} were rejected", report.rejected.total()).format(n=report.rejected.total())
        + (":" if report.rejected else "."),
    ]
    reasons = (f"  {n:5}  {_sentence(reason)}" for reason, n in report.rejected.most_common())
    return "\n".join([*lines, *reasons])


def _sentence(reason: str) -> str:
    return {
        Reason.CANCELLATION: _("cancellation (its number begins with C)"),
        Reason.STOCK_WRITE_OFF: _("stock write-off (no quantity above 0)"),
        Reason.NO_PRICE: _("nothing sold (no price above 0)"),
        Reason.FRACTION_OF_A_PENNY: _("a price that is not in whole pence"),
        Reason.CHANGED: _("placed before, with other lines"),
    }[Reason(reason)]
