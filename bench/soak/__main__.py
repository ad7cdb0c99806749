"""Steady use of a running shop, in which nothing may grow: `python -m bench.soak [--minutes 60] [--backend embedded]`.

A stack of its own gets orders with all their outcomes, visitors, staff and carriers' webhooks over HTTP. What has ended
a few minutes ago is made old, so that retention deletes it, and retention and the audit run every half minute. Memory,
file handles, threads, connections, rows, sizes and latencies are sampled; after the warm-up none may grow beyond its
bound (`bench/soak/figures.py`). Writes pictures and a table into `--folder`. Exits with 1 and a list of what has grown,
what the audit found, and what the shop answered wrongly.
"""

import argparse
import os
import sys
import time
from collections import defaultdict
from pathlib import Path
from typing import Any

PROJECT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(PROJECT))

from bench.soak import banks, results  # noqa: E402
from bench.soak.judge import LEAST_WARM_UP, grown  # noqa: E402
from bench.soak.traffic import SECRET, Traffic  # noqa: E402
from bench.support.mail_server import mail_server  # noqa: E402
from bench.support.report import load, skipping  # noqa: E402

SAMPLE_SECONDS, UPKEEP_SECONDS = 5.0, 30.0
#: A shorter run is all warm-up.
LEAST_MINUTES = 10.0
ENVIRONMENT = {
    "CARRIER_WEBHOOK_SECRETS": f"swiftpost={SECRET},landpost={SECRET}",
    "CONVEYOR_GATEWAY_LATENCY": "0.05",
    "CONVEYOR_KEEP_DAYS": "1",
    "CONVEYOR_UNPAID_SECONDS": "60",
    "CONVEYOR_VISIBILITY": "120",
    "LOG_LEVEL": "INFO",
}
PIECES = 1_000_000


class Soak:
    """A running stack as this process's own project."""

    def __init__(self, stack: Any, *, rate: float) -> None:
        os.environ.update(stack.env | {"DJANGO_SETTINGS_MODULE": "config.settings", "LOG_LEVEL": "ERROR"})
        import django

        django.setup()
        from bench.soak.samples import Sampler
        from shop.models import Product
        from shop.stock.services import restock

        restock(quantities=dict.fromkeys(Product.objects.values_list("pk", flat=True), PIECES))
        self._stack, self._traffic = stack, Traffic(stack, rate=rate)
        self._sampler = Sampler(stack, self._traffic)
        self.run: dict[str, dict[str, list[tuple[float, float]]]] = defaultdict(lambda: defaultdict(list))

    def use(self, *, seconds: float) -> None:
        from bench.soak import tables

        began = time.monotonic()
        sample_due = upkeep_due = 0.0
        self._traffic.start()
        while (now := time.monotonic() - began) < seconds:
            if now >= upkeep_due:
                print(f"{now / 60:.1f} of {seconds / 60:g} minutes, {self._traffic.placed:,} orders", flush=True)
                banks.decide()
                tables.age()
                tables.tick()
                upkeep_due = now + UPKEEP_SECONDS
            if now >= sample_due:
                self._keep(now)
                sample_due = now + SAMPLE_SECONDS
            time.sleep(0.2)
        self._traffic.end()

    def _keep(self, at: float) -> None:
        for figure, values in self._sampler.take().items():
            for name, value in values.items():
                self.run[figure][name].append((at, value))

    def problems(self) -> list[str]:
        """What the shop answered wrongly, what the audit found during the run, and what it finds at the end."""
        wrong = [f"{count} times: {text}" for text, count in self._traffic.problems.items()]
        logs = (program.text() for program in self._stack.programs)
        audited = [line for text in logs for line in text.splitlines() if "invariant broken" in line]
        return [*wrong, *audited[:20], *(f"{one['invariant']}: {one['detail']}" for one in self._stack.audit())]

    def about(self) -> str:
        minutes = self.run["size"]["database"][-1][0] / 60
        services = "SQLite and Valkey" if self._stack.backend == "embedded" else "PostgreSQL and RabbitMQ"
        return f"{minutes:.0f} minutes, {self._traffic.placed:,} orders, {services}; {load()}."


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--minutes", type=float, default=60.0)
    parser.add_argument("--backend", choices=("embedded", "production"), default="embedded")
    parser.add_argument("--rate", type=float, default=1.0, help="orders a second")
    parser.add_argument("--folder", type=Path, help="default: var/soak/BACKEND")
    options = parser.parse_args()
    if options.minutes < LEAST_MINUTES:
        parser.error(f"--minutes must be at least {LEAST_MINUTES:g}: the first {LEAST_WARM_UP:g} s are warm-up")
    folder = options.folder or PROJECT / "var" / "soak" / options.backend
    from tests.stack.standalone import running

    found: list[str] = []
    with skipping(), mail_server() as mail:
        env = ENVIRONMENT | {"EMAIL_URL": mail}
        with running(options.backend, env=env, own_broker=True) as stack:
            soak = Soak(stack, rate=options.rate)
            soak.use(seconds=60 * options.minutes)
            results.write(folder, soak.run, about=soak.about())
            judged = {f"{figure}, {name}": each for (figure, name), each in results.verdicts(soak.run).items()}
            found = [*grown(judged), *soak.problems()]
            print(f"{soak.about()} Pictures and table: {folder}")
    if found:
        sys.exit("\n".join(found))


if __name__ == "__main__":
    main()
