"""`python -m bench.pipeline.traces [--rounds 3] [--orders 300]`: what traces, their SQL spans and JSON logs cost.

Needs PostgreSQL and RabbitMQ (`make services`). Each round measures every variant once, in turn; a collector in a
process of its own takes the spans and forgets them. Prints medians, and their ratios to those of the shop without.
"""

import argparse
import multiprocessing
import os
import statistics
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from bench.pipeline import shop
from bench.support import machine
from tests.ports import free_port
from tests.stack import template

OFF = "off"
SHOWN = ("shipped", "accepted", "p95", "cpu")


class _Collector(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["Content-Length"]))
        self.send_response(200)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *args: object) -> None:
        """Print nothing."""


def _collect(port: int) -> None:
    ThreadingHTTPServer(("127.0.0.1", port), _Collector).serve_forever()


@contextmanager
def collector() -> Iterator[str]:
    """Address of a collector."""
    port = free_port()
    process = multiprocessing.Process(target=_collect, args=(port,), daemon=True)
    process.start()
    try:
        yield f"http://127.0.0.1:{port}"
    finally:
        process.terminate()


def variants(address: str) -> dict[str, dict[str, str]]:
    """Variables of each variant."""
    traces = {"OTEL_EXPORTER_OTLP_ENDPOINT": address}
    return {
        OFF: {},
        "traces": traces,
        "a tenth of the traces": traces
        | {"OTEL_TRACES_SAMPLER": "parentbased_traceidratio", "OTEL_TRACES_SAMPLER_ARG": "0.1"},
        "traces with SQL": traces | {"CONVEYOR_TRACES_SQL": "1"},
        "JSON logs": {"LOG_FORMAT": "json"},
    }


def measure(variables: dict[str, str], *, orders: int) -> dict[str, float]:
    """Orders shipped and accepted a second, p95 of a request in ms, and CPU of an order in the shop's processes in ms.

    PostgreSQL and RabbitMQ are left out: they do the same work in every variant, and that of others.
    """
    result = shop.measure("ledger", orders=orders, **variables)
    own = {name: value for name, value in result.items() if name.startswith("cpu ")}
    services = sum(own.get(f"cpu {name}", 0.0) for name in (machine.POSTGRESQL, machine.RABBITMQ))
    return {name: result[name] for name in SHOWN} | {"cpu": sum(own.values()) - services}


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m bench.pipeline.traces", description="What traces cost.")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--orders", type=int, default=300, help="orders of each run (default: %(default)s)")
    options = parser.parse_args()
    found: dict[str, list[dict[str, float]]] = {}
    try:
        with collector() as address:
            for number in range(1, options.rounds + 1):
                for name, variables in variants(address).items():
                    load, spin = os.getloadavg()[0], machine.spin()
                    found.setdefault(name, []).append(measure(variables, orders=options.orders))
                    shown = ", ".join(f"{key} {value:.1f}" for key, value in found[name][-1].items())
                    print(f"round {number}  load {load:.1f}, spin {spin:.0f} ms  {name}: {shown}", flush=True)
    except pytest.skip.Exception as reason:
        sys.exit(f"{reason}")
    finally:
        template.remove()
    print_ratios(found)


def print_ratios(found: dict[str, list[dict[str, float]]]) -> None:
    """Medians of each variant, and of its ratios to the shop without in the same round."""
    for name, results in found.items():
        cells = []
        for key in SHOWN:
            ratios = [result[key] / without[key] for result, without in zip(results, found[OFF], strict=True)]
            cells.append(f"{key} {statistics.median(r[key] for r in results):.1f} (x {statistics.median(ratios):.3f})")
        print(f"{name:24}{', '.join(cells)}")


if __name__ == "__main__":
    main()
