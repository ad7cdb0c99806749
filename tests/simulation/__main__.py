"""`python -m tests.simulation [--seeds 1000] [--first N] [--seed N] [--repeat 1]`: simulated runs, each from its seed.

`make simulate SEEDS=10000` runs fresh seeds, `make simulate SEED=73` one, with its last steps.
"""

import argparse
import logging
import os
import sys
import time
from collections.abc import Sequence

STEPS_SHOWN = 400


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.simulation", description=__doc__)
    parser.add_argument("--seeds", type=int, default=100, help="number of runs (default %(default)s)")
    parser.add_argument("--first", type=int, help="first seed (default: by the clock)")
    parser.add_argument("--seed", type=int, help="this run only, and its last steps if it fails")
    parser.add_argument("--repeat", type=int, default=1, help="runs of each seed, which must be the same")
    options = parser.parse_args()
    if os.environ.get("PYTHONHASHSEED") != "0":  # the order of sets is part of a run
        environment = os.environ | {"PYTHONHASHSEED": "0", "DJANGO_SETTINGS_MODULE": "tests.simulation.settings"}
        command = [sys.executable, "-m", "tests.simulation", *sys.argv[1:]]
        os.execve(sys.executable, command, environment)
    first = int(time.time()) if options.first is None else options.first
    seeds = [options.seed] if options.seed is not None else range(first, first + options.seeds)
    return _run(seeds, repeat=options.repeat, shows_steps=options.seed is not None)


def _run(seeds: Sequence[int], *, repeat: int, shows_steps: bool) -> int:
    _prepare()
    from tests.simulation.world import World

    failed, began = 0, time.perf_counter()
    for count, seed in enumerate(seeds, start=1):
        digests = set()
        for _ in range(repeat):
            world = World(seed)
            try:
                digests.add(world.run())
            except Exception as error:
                failed += 1
                print(f"seed {seed}: {type(error).__name__}: {error}", flush=True)
                if shows_steps:
                    print("\n".join(world.scheduler.log[-STEPS_SHOWN:]))
                break
        if len(digests) > 1:
            failed += 1
            print(f"seed {seed} differs from run to run", flush=True)
        if count % 100 == 0:
            print(f"{count} of {len(seeds)}, {failed} failed", file=sys.stderr, flush=True)
    print(f"{len(seeds)} seeds from {seeds[0]}, {failed} failed, {time.perf_counter() - began:.1f} s")
    return 1 if failed else 0


def _prepare() -> None:
    import django

    django.setup()
    from django.core.management import call_command

    logging.disable(logging.CRITICAL)  # what fails is meant to
    call_command("migrate", verbosity=0)


if __name__ == "__main__":
    sys.exit(main())
