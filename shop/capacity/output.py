"""A plan as text or JSON."""

import dataclasses
import json
from typing import Any

from shop.capacity.erlang import MOST_BUSY
from shop.capacity.plan import Ledger, Plan, Service, Station
from shop.capacity.service_times import ServiceTimes

PARTITION = "Partition the ledger by day: retention cannot delete as fast as that."
ONE_TABLE = "One table holds the ledger: retention deletes faster than that."
_ROW = "{:22}{:>8}{:>8}{:>10}{:>13}{:>13}"


def as_json(plan: Plan) -> str:
    return json.dumps(_rounded(dataclasses.asdict(plan)))


def as_text(plan: Plan, times: ServiceTimes) -> str:
    ledger = plan.ledger
    cores = sum(station.cores for station in plan.stations)
    lines = [
        f"Orders a second: {plan.orders_per_second:,g}. Messages a second: {plan.messages_per_second:,g}.",
        "",
        _ROW.format("", "number", "busy", "cores", "mean wait", "95 % within"),
        *map(_station, plan.stations),
        *map(_service, plan.services),
        "",
        f"Processes keep {cores:,.1f} cores busy; give them {cores / MOST_BUSY:,.1f}.",
        f"Request until shipped, on average: {_seconds(plan.shipped_seconds)}.",
        _size(ledger),
        PARTITION if ledger.needs_partitions else ONE_TABLE,
        "",
        f"Not measured, and left out: the queues {', '.join(plan.not_measured)}.",
        f"Service times were measured on {times.measured_on} with `{times.command}` ({times.machine}).",
    ]
    return "\n".join(line.rstrip() for line in lines)


def _size(ledger: Ledger) -> str:
    kept = f"{ledger.rows:,.0f} in {ledger.days} days, {ledger.bytes / 1e9:,.1f} GB with indexes"
    return f"Ledger: {ledger.rows_a_day:,.0f} rows a day, {kept}."


def _station(station: Station) -> str:
    waits = _seconds(station.mean_wait), _seconds(station.wait_of_95)
    return _ROW.format(station.name, f"{station.servers:,}", f"{station.busy:.0%}", f"{station.cores:,.2f}", *waits)


def _service(service: Service) -> str:
    return _ROW.format(service.name, f"{service.servers:,}", "", f"{service.cores:,}", "", "")


def _seconds(value: float) -> str:
    return f"{1000 * value:,.1f} ms" if value < 1 else f"{value:,.2f} s"


def _rounded(value: Any) -> Any:
    """Six significant digits, which is more than the measurement has."""
    if isinstance(value, dict):
        return {name: _rounded(each) for name, each in value.items()}
    if isinstance(value, (list, tuple)):
        return [_rounded(each) for each in value]
    return float(f"{value:.6g}") if isinstance(value, float) else value
