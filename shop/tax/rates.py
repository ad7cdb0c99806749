"""Dated VAT rates of the EU's member states, from `rates.csv`.

Rates in basis points (1900 is 19 %), valid from a day until the same region's next row. Sources: the European
Commission's Taxes in Europe Database (standard rates as of 2026-09-23, reduced ones as of 2026-03-27), and for the day
of each change the state's law as reported by tax advisers. Not verified: the rates of Northern Ireland and the Azores.

A state with several reduced rates has one of them here: the highest that covers goods of daily use, such as food. A
shop that sells food, books or medicines checks it against its own goods.
"""

import csv
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from pathlib import Path
from typing import Final

_FILE: Final = Path(__file__).with_name("rates.csv")


@dataclass(frozen=True, slots=True)
class Rates:
    """Rates of a region, in basis points. Without a reduced one, the standard rate applies to all."""

    standard: int
    reduced: int

    def of(self, tax_class: str) -> int:
        """The rate of a product's tax class, `standard` or `reduced`."""
        return self.reduced if tax_class == "reduced" else self.standard


def rates_on(region: str, day: date) -> Rates | None:
    """The rates of `region` (see `shop.tax.territories`) on this day; None for a day before the table begins."""
    return next((rates for since, rates in _table().get(region, ()) if since <= day), None)


def regions() -> frozenset[str]:
    return frozenset(_table())


@lru_cache(maxsize=1)
def _table() -> Mapping[str, list[tuple[date, Rates]]]:
    """Rates by region, newest first."""
    found: dict[str, list[tuple[date, Rates]]] = {}
    with _FILE.open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            standard = int(row["standard"])
            rates = Rates(standard, int(row["reduced"] or standard))
            found.setdefault(row["region"], []).append((date.fromisoformat(row["valid_from"]), rates))
    return {region: sorted(rows, key=lambda row: row[0], reverse=True) for region, rows in found.items()}
