"""What counting costs: microseconds of processor time for a message and for a request, in memory and in files.

    python bench/telemetry/metrics.py [--rounds 20000]

Without the files of `PROMETHEUS_MULTIPROC_DIR`, and with them, each in a process of its own. A scrape of files reads
those of 12 processes, as many as one machine has.
"""

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

VARIABLE = "PROMETHEUS_MULTIPROC_DIR"
PROCESSES = 12


def microseconds(count: Callable[[], object], rounds: int) -> float:
    """The best of five, after a round that creates what it counts in."""
    count()
    best = float("inf")
    for _ in range(5):
        began = time.process_time()
        for _ in range(rounds // 5):
            count()
        best = min(best, (time.process_time() - began) / (rounds // 5))
    return best * 1e6


def measure(rounds: int) -> dict[str, float]:
    """Of this process. Sets up Django."""
    import django

    django.setup()
    from celery import current_app
    from django.http import HttpRequest, HttpResponse
    from prometheus_client import CollectorRegistry, generate_latest

    from messaging.telemetry.messages import MessageMetrics
    from messaging.telemetry.store import ProcessesCollector
    from messaging.worker.admission import HEADER
    from shop.health.request_metrics import observe

    current_app.loader.import_default_modules()
    request = {"completed": True, HEADER: {"due_at": time.time()}}
    run = SimpleNamespace(get=request.get, delivery_info={"redelivered": False})
    task, observer = cast("Any", SimpleNamespace(name="payments.charge_payment", request=run)), MessageMetrics()
    page, answer = HttpRequest(), HttpResponse()
    page.method, page.resolver_match = "POST", cast("Any", SimpleNamespace(view_name="api:orders"))
    registry = CollectorRegistry(auto_describe=False)
    registry.register(ProcessesCollector())
    found = {
        "message run": microseconds(lambda: observer.started(task)(None), rounds),
        "checkout request": microseconds(lambda: observe(page, answer, seconds=0.02), rounds),
        "scrape": microseconds(lambda: generate_latest(registry), 50),
    }
    if b"conveyor_messages_done_total{" not in generate_latest(registry):
        sys.exit("Nothing was counted, so the figures mean nothing.")
    return found


def measured(folder: Path | None, *, rounds: int) -> dict[str, float]:
    env = {name: value for name, value in os.environ.items() if name != VARIABLE}
    env |= {"DJANGO_SETTINGS_MODULE": "config.settings"} | ({VARIABLE: str(folder)} if folder else {})
    command = [sys.executable, "-m", "bench.telemetry.metrics", "--rounds", str(rounds), "--measure"]
    return dict(json.loads(subprocess.run(command, env=env, check=True, capture_output=True, text=True).stdout))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=20_000)
    parser.add_argument("--measure", action="store_true", help="measure this process; print JSON")
    options = parser.parse_args()
    if options.measure:
        sys.stdout.write(json.dumps(measure(options.rounds)))
        return
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        measured(folder, rounds=100)
        for number in range(1, PROCESSES):
            for path in folder.glob("*_0.db"):
                shutil.copy(path, path.with_name(path.name.replace("_0", f"_{number}")))
        for what, found in (
            ("in memory", measured(None, rounds=options.rounds)),
            ("in files", measured(folder, rounds=options.rounds)),
        ):
            for each, value in found.items():
                sys.stdout.write(f"{what:10} {each:18} {value:10.1f} µs\n")


if __name__ == "__main__":
    main()
