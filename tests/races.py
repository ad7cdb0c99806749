"""How does a test let several things happen at the same moment? With threads, for real."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

from django.db import connections


def at_once(*works: Callable[[], object], refusals: tuple[type[Exception], ...] = ()) -> list[Exception | None]:
    """Run all of them together; what each was refused with, of the kinds that may be."""
    start = Barrier(len(works))

    def run(work: Callable[[], object]) -> Exception | None:
        try:
            start.wait(10)
            work()
        except refusals as refused:
            return refused
        finally:
            connections.close_all()
        return None

    with ThreadPoolExecutor(len(works)) as pool:
        return list(pool.map(run, works))
