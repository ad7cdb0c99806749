"""WSGI application of the web server's processes, which `config.serve` forks.

None of their threads waits long for a lock. In each of them, a watchdog exits with the parent: otherwise those of a
killed server would keep the port.
"""

import multiprocessing
import os
import signal
import threading
import time

from config.wsgi import application as shop
from shop.limits.bodies import Bodies
from shop.site import database_outage

__all__ = ["application"]

application = Bodies(shop)

POLL_SECONDS = 1.0
GRACE_SECONDS = 10.0
database_outage.bound_locks()


def exit_with(parent: int) -> None:
    """Wait until the process `parent` is gone, then stop this one: SIGTERM, and a hard exit after a grace period."""
    while os.getppid() == parent:
        time.sleep(POLL_SECONDS)
    os.kill(os.getpid(), signal.SIGTERM)
    time.sleep(GRACE_SECONDS)
    os._exit(1)


# Not getppid(): the parent may already be dead while this process is still starting.
_parent = multiprocessing.parent_process()
if _parent is not None and _parent.pid is not None:
    threading.Thread(target=exit_with, args=(_parent.pid,), name="exit-with-parent", daemon=True).start()
