"""`python -m tests.simulation`: simulated runs, each from its seed.

`make simulate SEEDS=10000` runs fresh seeds, and `make simulate SEED=73` one, which shrinks if it fails. With
`DATABASE=postgresql`, transactions interleave.
"""

import argparse
import gc
import logging
import os
import sys
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, nullcontext
from typing import Any

#: Of a run that failed: one that does not come to rest continues for long.
FIRST_STEPS, LAST_STEPS = 300, 40
SETTINGS = {"sqlite": "tests.simulation.settings", "postgresql": "tests.simulation.postgresql.settings"}


def main() -> int:
    options = _parser().parse_args()
    # The order of sets is part of a run.
    environment = {"PYTHONHASHSEED": "0", "DJANGO_SETTINGS_MODULE": SETTINGS[options.database]}
    if not environment.items() <= os.environ.items():
        command = [sys.executable, "-W", "ignore", "-m", "tests.simulation", *sys.argv[1:]]
        os.execve(sys.executable, command, os.environ | environment)
    first = int(time.time()) if options.first is None else options.first
    only = options.only if options.seed is None else [options.seed]
    seeds = only or range(first, first + options.seeds)
    with _prepared():
        return _run(seeds, options)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m tests.simulation", description=__doc__)
    parser.add_argument("--database", choices=SETTINGS, default="sqlite", help="default %(default)s")
    parser.add_argument("--seeds", type=int, default=100, help="number of runs (default %(default)s)")
    parser.add_argument("--first", type=int, help="first seed (default: by the clock)")
    parser.add_argument("--seed", type=int, help="this run only; if it fails, it shrinks and its steps are printed")
    parser.add_argument("--only", type=int, nargs="+", metavar="SEED", help="these runs, instead of a range")
    parser.add_argument("--repeat", type=int, default=1, help="runs of each seed, which must be the same")
    parser.add_argument("--processes", type=int, default=0, help="default: one for each processor")
    parser.add_argument("--shrink", type=float, default=60, help="seconds to shrink a run for (default %(default)s)")
    parser.add_argument("--hashes", action="store_true", help="print the hash of each run's steps")
    parser.add_argument("--stop", action="store_true", help="stop at the first seed that fails")
    return parser


def _run(seeds: Sequence[int], options: argparse.Namespace) -> int:
    from tests.simulation.runs import run_all

    failed, done, began = 0, 0, time.perf_counter()
    for done, result in enumerate(run_all(seeds, repeat=options.repeat, processes=_processes(seeds, options)), start=1):
        if result.error:
            failed += 1
            print(f"seed {result.seed}: {result.error}", flush=True)
            if options.stop:
                break
        if options.hashes:
            print(f"seed {result.seed}: {result.digest}")
        if options.seed is not None:
            _show(result, options)
        if done % 100 == 0:
            print(f"{done} of {len(seeds)}, {failed} failed", file=sys.stderr, flush=True)
    print(f"{done} seeds from {seeds[0]}, {failed} failed, {time.perf_counter() - began:.1f} s")
    return 1 if failed else 0


def _processes(seeds: Sequence[int], options: argparse.Namespace) -> int:
    return 1 if len(seeds) == 1 else int(options.processes)


def _show(result: Any, options: argparse.Namespace) -> None:
    """The hash of the run's steps; of one that failed, the steps and events that it needs to."""
    if result.error:
        print(f"it failed with {len(result.happened)} events; shrinking for {options.shrink:.0f} s", flush=True)
        result = _shrunk(result, options)
        steps, left_out = result.steps, max(0, len(result.steps) - FIRST_STEPS - LAST_STEPS)
        middle = [f"... {left_out} steps ..."] if left_out else []
        print("\n".join([*steps[:FIRST_STEPS], *middle, *steps[max(FIRST_STEPS, len(steps) - LAST_STEPS) :]]))
        kinds = Counter(kind for kind, _number in result.happened)
        print(f"{len(result.happened)} events are needed: {', '.join(f'{n} {kind}' for kind, n in kinds.items())}")
        print(result.error)
    print(f"steps {result.digest}")


def _shrunk(result: Any, options: argparse.Namespace) -> Any:
    from tests.simulation.shrinking import shrink

    return shrink(result, seconds=options.shrink, progress=lambda text: print(text, file=sys.stderr, flush=True))


@contextmanager
def _prepared() -> Iterator[None]:
    import django

    import tests.simulation.protections.mutation  # noqa: F401 - takes out what the environment says

    django.setup()
    from django.core.management import call_command
    from django.db import connection

    from tests.simulation.postgresql.databases import fresh

    logging.disable(logging.CRITICAL)  # what fails is meant to
    with fresh() if connection.vendor == "postgresql" else nullcontext():
        call_command("migrate", verbosity=0)
        gc.freeze()
        gc.disable()  # a quarter of the time; `runs` collects now and then
        yield


if __name__ == "__main__":
    sys.exit(main())
