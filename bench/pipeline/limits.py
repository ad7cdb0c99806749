"""The machine's limits beside the contenders: raw commits, confirmed publishes, and a view that does nothing."""

import tempfile

from bench.pipeline.engine.measure import run, scratch
from bench.pipeline.results.figures import Result


def measure(*, orders: int) -> Result:
    with scratch() as environment, tempfile.TemporaryDirectory(prefix="conveyor-bench-") as folder:
        return run("bench.pipeline.limits_run", str(orders), folder, environment=environment)
