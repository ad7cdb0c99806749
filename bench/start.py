"""Start and memory of the default stack: `python bench/start.py [--starts 5] [--orders 20]`.

The stack of `make run` (web, relay, workers, beat, embedded broker and database) on a free port, in a scratch directory
that is removed afterwards. The first start prepares it and is not measured. Of the others, it prints the seconds from
the command until the home page is served, and the processor's time that all processes spent by then, which a busy
machine does not change much. Then `--orders` orders travel through the last one, so that what is loaded on first use is
counted, and it prints the proportional set size of each kind of process. Exits with 1 if a budget is missed.
"""

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

PROJECT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(PROJECT))

from bench.support.overloaded_shop import memory  # noqa: E402
from bench.support.report import Report, load  # noqa: E402

SERVES_SECONDS, TOTAL_MIB = 8.0, 700
PATIENCE = 300.0


class DefaultStack:
    """`make run` without make, on a free port."""

    def __init__(self, folder: Path) -> None:
        from tests.ports import free_port

        self.folder, self.port = folder, free_port()
        foreign = ("BROKER_URL", "DATABASE_URL", "CONVEYOR_", "SECRET_KEY", "DJANGO_", "LOG_LEVEL")
        inherited = {name: value for name, value in os.environ.items() if not name.startswith(foreign)}
        self._env = inherited | {"CONVEYOR_VAR": str(folder), "CONVEYOR_DEMO": "1", "PORT": str(self.port)}
        self._supervisor = 0

    @contextmanager
    def running(self) -> Iterator[float]:
        """Yields the seconds from the command until the home page is served."""
        with (self.folder / "console.log").open("ab") as log:
            began = time.perf_counter()
            command = [sys.executable, "-m", "config.run"]
            with subprocess.Popen(command, cwd=PROJECT, env=self._env, stdout=log, stderr=log) as program:
                self._supervisor = program.pid
                try:
                    wait(lambda: program.poll() is None and self.request("GET", "/") == 200)
                    yield time.perf_counter() - began
                finally:
                    program.terminate()

    def request(self, method: str, path: str, **options: Any) -> int:
        from tests.stack.api import request

        try:
            return request(method, f"http://127.0.0.1:{self.port}{path}", **options)[0]
        except OSError:
            return 0

    def ship(self, count: int) -> None:
        """Place express orders, and wait until no message is left to do."""
        from tests.stack.api import request
        from tests.stack.stack import ADDRESS

        shop, orders = f"http://127.0.0.1:{self.port}/api/v1", []
        products = request("GET", f"{shop}/products/")[1]["results"]
        sku = max(products, key=lambda product: product["stock"])["sku"]
        for n in range(count):
            body = {"email": f"shopper{n}@example.com", "name": "Sam Shopper", "address": ADDRESS}
            body |= {"shipping_method": "express", "payment_method": "pm_card_visa"}
            status, order = request("POST", f"{shop}/orders/", json=body | {"lines": [{"sku": sku, "quantity": 1}]})
            assert status == 201, order
            orders.append(f"{shop}/orders/{order['public_id']}/")
        wait(lambda: all(request("GET", url)[1]["status"] in {"shipped", "delivered"} for url in orders))

    def processes(self) -> list[tuple[str, Any]]:
        """Every process with the name of the program that it belongs to."""
        import psutil

        top = psutil.Process(self._supervisor)
        programs = [(self._name(program.cmdline()), program) for program in top.children()]
        family = [(name, each) for name, program in programs for each in [program, *program.children(recursive=True)]]
        return [("supervisor", top), *family]

    def _name(self, command: list[str]) -> str:
        """Forks of the supervisor show titles, in which Celery and granian name themselves."""
        kinds = {
            "granian": "web",
            "config.serve": "web",
            "config.embedded_broker": "broker",
            "manage.py relay": "relay",
            "--quiet beat": "beat",
            "-Q payments": "worker-payments",
            "-Q shipping": "worker-shipping",
            "-Q notifications,": "worker-notifications",
            "-Q webhooks": "worker-webhooks",
        }
        title = " ".join(command)
        return next((kind for words, kind in kinds.items() if words in title), "supervisor")


def wait(reached: Any) -> None:
    deadline = time.monotonic() + PATIENCE
    while not reached():
        if time.monotonic() > deadline:
            raise SystemExit(f"gave up after {PATIENCE:g} s")
        time.sleep(0.02)


def processor_seconds(stack: DefaultStack) -> float:
    times = [process.cpu_times() for _name, process in stack.processes()]
    return sum(spent.user + spent.system for spent in times)


def sizes(stack: DefaultStack) -> tuple[Counter[str], Counter[str]]:
    """Proportional set size (MiB) and number of processes, by kind."""
    megabytes: Counter[str] = Counter()
    count: Counter[str] = Counter()
    for name, process in stack.processes():
        megabytes[name] += memory(process.pid)[1]
        count[name] += 1
    return megabytes, count


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--starts", type=int, default=5)
    parser.add_argument("--orders", type=int, default=20)
    options = parser.parse_args()
    report, seconds, spent = Report(26, 44, 10), [], []
    with tempfile.TemporaryDirectory(prefix="conveyor-start-") as folder:
        stack = DefaultStack(Path(folder))
        with stack.running() as first:
            report.row("first start, prepares", f"{first:.1f} s", "")
        for number in range(options.starts):
            with stack.running() as served:
                seconds.append(served)
                spent.append(processor_seconds(stack))
                if number == options.starts - 1:
                    stack.ship(options.orders)
                    megabytes, count = sizes(stack)
    median = statistics.median(seconds)
    measured = f"median {median:.1f} s, {min(seconds):.1f} to {max(seconds):.1f} s of {len(seconds)}"
    report.row("prepared start, serves", measured, f"{SERVES_SECONDS:g} s", kept=median <= SERVES_SECONDS)
    report.row("processor's time by then", f"median {statistics.median(spent):.1f} s of all processes", "")
    for name, size in megabytes.most_common():
        report.row(name, f"{size:.0f} MiB in {count[name]} processes", "")
    total = sum(megabytes.values())
    measured = f"{total:.0f} MiB in {sum(count.values())} processes"
    report.row("in all, proportional", measured, f"{TOTAL_MIB} MiB", kept=total <= TOTAL_MIB)
    print(load())
    report.exit()


if __name__ == "__main__":
    main()
