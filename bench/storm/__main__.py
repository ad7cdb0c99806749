"""`make lesson-storm`: the kill storm once for each value of `CONVEYOR_PUBLISH`, side by side.

Each shop has processes, a database and a broker of its own. Exit code 1 unless the ledger loses and doubles nothing.
The counts are kept in `var/lessons/storm.json`, where `make check-lesson N=3` finds them.
"""

import argparse
import json
import os
import sys
import tempfile
from dataclasses import asdict
from pathlib import Path
from typing import Any

PROJECT = Path(__file__).resolve().parents[2]
PUBLISH = ("naive", "on_commit", "ledger")
WIDTHS = "{:10}{:>9}{:>9}{:>9}{:>9}{:>9}"


def main() -> None:
    arguments = _arguments()
    result = Path(os.environ.get("CONVEYOR_VAR") or PROJECT / "var") / "lessons" / "storm.json"
    with tempfile.TemporaryDirectory() as var:
        # The environment of a demo that runs now must not reach these shops.
        for name in [name for name in os.environ if name.startswith(("CONVEYOR_", "BROKER_URL", "DATABASE_URL"))]:
            del os.environ[name]
        os.environ |= {"CONVEYOR_VAR": var, "DJANGO_SETTINGS_MODULE": "config.settings", "CONVEYOR_DEMO": "1"}
        import django

        django.setup()
        rows = {publish: _storm(arguments, publish) for publish in arguments.publish}
    result.parent.mkdir(parents=True, exist_ok=True)
    result.write_text(json.dumps({"seconds": arguments.seconds, "publish": rows}))
    print(f"\n{WIDTHS.format('', 'faults', 'ordered', 'shipped', 'lost', 'doubled')}")
    for publish, row in rows.items():
        print(WIDTHS.format(publish, *row.values()))
    ledger = rows.get("ledger", {"lost": 0, "doubled": 0})
    sys.exit(1 if ledger["lost"] or ledger["doubled"] else 0)


def _arguments() -> Any:
    parser = argparse.ArgumentParser(prog="bench.storm", description=__doc__)
    parser.add_argument("--seconds", type=float, default=60, help="of the storm over each shop (default: 60)")
    parser.add_argument("--publish", nargs="+", choices=PUBLISH, default=PUBLISH, help="default: all three")
    parser.add_argument("--backend", choices=("embedded", "production"), default="embedded")
    return parser.parse_args()


def _storm(arguments: Any, publish: str) -> dict[str, int]:
    from bench.storm.run import options, storm
    from bench.storm.tally import Tally
    from tests.stack.standalone import running

    ending = "\r" if sys.stdout.isatty() else "\n"

    def show(at: float, faults: int, counts: Tally) -> None:
        if ending == "\n" and round(at * 2) % 10:  # a file needs a line every five seconds only
            return
        line = f"{publish:10} {at:4.0f} s  faults {faults:3}  ordered {counts.placed:4}  shipped {counts.shipped:4}"
        print(f"{line}  lost {counts.lost:3}  doubled {counts.doubled:3}", end=ending, flush=True)

    print(f"{publish}: starting a shop of its own ...", flush=True)
    with running(arguments.backend, own_broker=True, **options(publish)) as stack:
        counts, struck = storm(stack, seconds=arguments.seconds, progress=show)
    print(flush=True)
    row = asdict(counts)
    return {"faults": len(struck), **row}


if __name__ == "__main__":
    main()
