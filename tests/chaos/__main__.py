"""`python -m tests.chaos`: faults on real servers while orders come in.

`make chaos` lets every fault happen, each at a time and among orders that the seed chooses, and writes what became of
them into the table of docs/explanation/reliability.md. Exits with 1 if an order was lost, doubled, late or broken.
"""

import argparse
import os
import shutil
import signal
import sys
import time
from typing import Any

import pytest


def main() -> int:
    options = _parser().parse_args()
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    os.environ["DJANGO_SETTINGS_MODULE"] = "tests.settings"
    import django

    django.setup()
    from django.conf import settings

    from tests.chaos.faults import chosen
    from tests.stack import template

    faults = chosen(*filter(None, options.only.split(",")))
    if options.list:
        print("\n".join(f"{fault.name:32} {fault.ground.label:38} {fault.does}" for fault in faults))
        return 0
    try:
        return _run(faults, seed=options.seed)
    finally:
        template.remove()
        shutil.rmtree(settings.VAR_DIR, ignore_errors=True)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m tests.chaos", description=__doc__)
    parser.add_argument("--seed", type=int, default=int(time.time()), help="chooses orders and times (default: new)")
    parser.add_argument("--only", default="", help="parts of the names of the faults, separated by commas")
    parser.add_argument("--list", action="store_true", help="list the faults and let none happen")
    return parser


def _run(faults: list[Any], *, seed: int) -> int:
    """Faults of one ground share a stack, which each takes as the one before has left it."""
    from tests.chaos.experiment import by_ground, experiments
    from tests.stack.standalone import NoBlocker

    failed, began = 0, time.monotonic()
    print(f"{len(faults)} faults, seed {seed}", flush=True)
    for ground, group in by_ground(faults):
        print(f"\n{ground.label}", flush=True)
        try:
            for result in experiments(ground, group, seed=seed, blocker=NoBlocker()):
                failed += bool(result.findings)
                _record(result, seed)
        except pytest.skip.Exception as reason:
            _skip(group, str(reason))
    print(f"\n{len(faults)} faults in {(time.monotonic() - began) / 60:.0f} min, {failed} failed, seed {seed}")
    return 1 if failed or not faults else 0


def _record(result: Any, seed: int) -> None:
    from tests.chaos import report
    from tests.chaos.faults import FAULTS

    print(f"{result.fault.name:32} {report.line(result)}", *result.findings, sep="\n    ", flush=True)
    print(result.tails, file=sys.stderr, flush=True)
    report.write([report.row(result, seed=seed)], faults=FAULTS)


def _skip(faults: list[Any], reason: str) -> None:
    from tests.chaos import report
    from tests.chaos.faults import FAULTS

    print(f"skipped: {reason}", flush=True)
    report.write([report.skipped(fault, reason) for fault in faults], faults=FAULTS)


if __name__ == "__main__":
    sys.exit(main())
