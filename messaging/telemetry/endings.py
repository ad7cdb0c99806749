"""Ends of processes: what telemetry does last, in programs and in the processes that they fork."""

import atexit
from collections.abc import Callable
from multiprocessing import util
from typing import Any

from celery import signals


def at_exit(act: Callable[[], object]) -> None:
    """Call `act` once as this process ends, and as each one that it forks does. Signals that kill are exceptions.

    `atexit` runs in neither a pool process of Celery nor a process of `multiprocessing`, such as the web server's.
    """
    atexit.register(act)

    def end(**_sent: Any) -> None:
        act()

    signals.worker_process_shutdown.connect(end, weak=False)
    util.register_after_fork(act, lambda act: util.Finalize(None, act, exitpriority=0))
