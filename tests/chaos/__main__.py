"""`python -m tests.chaos`: faults on real servers while orders come in.

`make chaos` lets every fault happen, each at a time and among orders that the seed chooses, from one seed or from
several in a row, and writes what became of them into the table of docs/explanation/reliability.md. Exits with 1 if an
order was lost, doubled, late or broken.
"""

import argparse
import os
import shutil
import signal
import subprocess
import sys
import time
from collections import defaultdict
from typing import Any

import pytest


def main() -> int:
    options = _parser().parse_args()
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    if options.jobs > 1:
        return _side_by_side(options)
    os.environ["DJANGO_SETTINGS_MODULE"] = "tests.settings"
    import django

    django.setup()
    from django.conf import settings

    from tests.chaos.faults import chosen
    from tests.stack import template

    number, _, of = options.share.partition("/")
    found = chosen(*filter(None, options.only.split(",")))
    faults = found[int(number) - 1 :: int(of)]
    if options.list:
        print("\n".join(f"{fault.name:32} {fault.ground.label:38} {fault.does}" for fault in faults))
        return 0
    try:
        return _run(faults, range(options.seed, options.seed + options.seeds)) or int(not found)
    finally:
        template.remove()
        shutil.rmtree(settings.VAR_DIR, ignore_errors=True)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m tests.chaos", description=__doc__)
    parser.add_argument("--seed", type=int, default=int(time.time()), help="chooses orders and times (default: new)")
    parser.add_argument("--seeds", type=int, default=1, help="how many seeds in a row, from that one (default: 1)")
    parser.add_argument("--only", default="", help="parts of the names of the faults, separated by commas")
    parser.add_argument("--jobs", type=int, default=1, help="how many stacks have faults at a time (default: 1)")
    parser.add_argument("--share", default="1/1", help="2/3: the second of every three faults")
    parser.add_argument("--list", action="store_true", help="list the faults and let none happen")
    return parser


def _side_by_side(options: argparse.Namespace) -> int:
    """A process for each share of the faults: most of the time, a stack waits for a fault to last."""
    command = [sys.executable, "-m", "tests.chaos", "--seed", str(options.seed), "--seeds", str(options.seeds)]
    command += ["--only", options.only]
    shares = [f"{number + 1}/{options.jobs}" for number in range(options.jobs)]
    processes = [subprocess.Popen([*command, "--share", share]) for share in shares]
    try:
        return max(process.wait() for process in processes)
    finally:
        for process in processes:
            process.terminate()
            process.wait()


def _run(faults: list[Any], seeds: range) -> int:
    """Faults of one ground share a stack, which each takes as the one before has left it, for all seeds."""
    from tests.chaos.experiment import by_ground, experiments
    from tests.stack.standalone import NoBlocker

    failed, began = 0, time.monotonic()
    what = f"{len(faults)} faults, {len(seeds)} seeds from {seeds.start}"
    print(what, flush=True)
    for ground, group in by_ground(faults):
        print(f"\n{ground.label}", flush=True)
        try:
            results: dict[str, list[Any]] = defaultdict(list)
            for result in experiments(ground, group, seeds=seeds, blocker=NoBlocker()):
                failed += bool(result.findings)
                results[result.fault.name].append(result)
                _record(results[result.fault.name])
        except pytest.skip.Exception as reason:
            _skip(group, str(reason))
    print(f"\n{what} in {(time.monotonic() - began) / 60:.0f} min, {failed} failed")
    return 1 if failed else 0


def _record(results: list[Any]) -> None:
    """Print the last of one fault's results, and write the row of all."""
    from tests.chaos import report
    from tests.chaos.faults import FAULTS

    result = results[-1]
    name = f"{result.fault.name}, seed {result.seed}"
    print(f"{name:45} {report.line(result)}", *result.findings, sep="\n    ", flush=True)
    if result.tails:
        print(result.tails, file=sys.stderr, flush=True)
    report.write([report.row(results)], faults=FAULTS)


def _skip(faults: list[Any], reason: str) -> None:
    from tests.chaos import report
    from tests.chaos.faults import FAULTS

    print(f"skipped: {reason}", flush=True)
    report.write([report.skipped(fault, reason) for fault in faults], faults=FAULTS)


if __name__ == "__main__":
    sys.exit(main())
