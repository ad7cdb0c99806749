"""Runs a game day: `manage.py gameday gateway-outage --seed 7`. Exit code 1 unless everything recovered."""

import json
import secrets
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone

from messaging import invariants
from messaging.operations.cli.registry import actor
from shop.demo.game_days import runner, scenarios, services
from shop.demo.game_days.report import MOST_ORDERS, Report
from shop.demo.game_days.scenarios import SCENARIOS

_MOST_SECONDS = 300


class Command(BaseCommand):
    help = "Demo only: place orders while faults are injected, wait for recovery, and report what was lost or doubled."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("name", nargs="?", choices=list(SCENARIOS), metavar="NAME", help="a scenario of --list")
        parser.add_argument("--list", action="store_true", help="list the scenarios")
        parser.add_argument("--seed", type=int, help="repeats the plan of an earlier game day (default: random)")
        parser.add_argument("--orders", type=int, default=20, help="orders to place (default: 20)")
        parser.add_argument("--seconds", type=float, help="how long the faults last (default: the scenario's)")
        parser.add_argument("--patience", type=float, default=300, help="seconds to wait for recovery (default: 300)")
        parser.add_argument("--json", action="store_true", help="print the report as JSON, and no progress")

    def handle(self, *args: Any, **options: Any) -> None:
        if options["list"]:
            for scenario in SCENARIOS.values():
                self.stdout.write(f"{scenario.name:18}{scenario.help}; about {scenario.seconds} s plus recovery")
            return
        plan = self._plan(options)
        report = self._run(plan, options)
        broken = [asdict(violation) for violation in invariants.audit()]
        self.stdout.write(json.dumps(_as_dict(plan, report, broken)) if options["json"] else _text(report, broken))
        if not report.is_clean or broken:
            sys.exit(1)

    def _plan(self, options: dict[str, Any]) -> scenarios.Plan:
        if options["name"] is None:
            raise CommandError(f"Name a scenario: {', '.join(SCENARIOS)}.")
        scenario = SCENARIOS[options["name"]]
        seconds = scenario.seconds if options["seconds"] is None else options["seconds"]
        if not 1 <= seconds <= _MOST_SECONDS:
            raise CommandError(f"--seconds must be from 1 to {_MOST_SECONDS}.")
        if not 1 <= options["orders"] <= MOST_ORDERS:
            raise CommandError(f"--orders must be from 1 to {MOST_ORDERS}.")
        if not 0 <= options["patience"] <= 3600:
            raise CommandError("--patience must be from 0 to 3,600.")
        seed = secrets.randbelow(10_000) if options["seed"] is None else options["seed"]
        return scenarios.plan(scenario=scenario, seed=seed, orders=options["orders"], seconds=seconds)

    def _run(self, plan: scenarios.Plan, options: dict[str, Any]) -> Report:
        if not options["json"]:
            self.stdout.write(f"Game day {plan.scenario}, seed {plan.seed}: {len(plan.orders)} orders")
            for fault in plan.faults:
                self.stdout.write(f"  at {fault.at:4.1f} s  {fault.kind} {fault.target}")
        progress = (lambda run, report: None) if options["json"] else self._progress
        try:
            with _terminated_as_interrupted():
                return runner.run(plan=plan, actor=actor(), progress=progress, patience=options["patience"])
        except runner.Interrupted as error:
            raise CommandError(str(error), returncode=130) from None
        except (services.NotADemo, services.FaultRefused, runner.NothingRuns) as error:
            raise CommandError(str(error)) from None

    def _progress(self, run: runner.Run, report: Report) -> None:
        """One line that is rewritten on a terminal; elsewhere a line for each change."""
        active = " ".join(str(fault) for fault in run.faults if fault.ends_at > timezone.now()) or "no fault"
        line = f"placed {report.orders:3}  shipped {report.finished:3}  under way {report.under_way:3}  {active}"
        if self.stdout.isatty():
            self.stdout.write(f"\r{run.elapsed:5.0f} s  {line:90}", ending="")
        elif line != getattr(self, "_last", ""):
            self._last = line
            self.stdout.write(f"{run.elapsed:5.0f} s  {line}")
        self.stdout.flush()


@contextmanager
def _terminated_as_interrupted() -> Iterator[None]:
    """SIGTERM, as of `timeout` or a CI job that is cancelled, ends the faults like Ctrl-C does."""
    before = signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


def _text(report: Report, broken: list[dict[str, str]]) -> str:
    detected = f"after {report.detected_after:g} s: {report.detected.text}" if report.detected else "nothing failed"
    alerted = f"after {report.alerted_after:g} s: {report.alerted.text}" if report.alerted else "none raised"
    recovered = "no" if report.recovered_after is None else f"{report.recovered_after:g} s after the last fault ended"
    lines = {
        "orders": f"{report.orders} placed, {report.finished} shipped, {report.dead} with a dead letter",
        "detected": detected,
        "1st alert": alerted,
        "redelivered": report.redelivered,
        "recovered": recovered,
        "lost": report.lost,
        "doubled": report.doubled,
        "audit": f"broken: {len(broken)}" if broken else "every invariant holds",
    }
    return "\n".join(
        [
            "",
            *(f"{label:13}{value}" for label, value in lines.items()),
            *(f"{'':13}{each['invariant']}: {each['detail']}" for each in broken),
        ]
    )


def _as_dict(plan: scenarios.Plan, report: Report, broken: list[dict[str, str]]) -> dict[str, Any]:
    return {
        "scenario": plan.scenario,
        "seed": plan.seed,
        "orders": report.orders,
        "finished": report.finished,
        "dead": report.dead,
        "detected_after": report.detected_after,
        "detected_by": report.detected.text if report.detected else None,
        "alerted_after": report.alerted_after,
        "redelivered": report.redelivered,
        "recovered_after": report.recovered_after,
        "lost": report.lost,
        "doubled": report.doubled,
        "broken": broken,
    }
