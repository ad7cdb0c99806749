"""The web server: `python -m config.web [granian's options] config.web:application`.

The main process imports the shop before it forks, so that the server's processes share that memory and serve at once.
In each of them, a watchdog exits with the parent: otherwise those of a killed server would keep the port.
"""

import gc
import multiprocessing
import os
import signal
import sys
import threading
import time

from django.core.management import call_command
from django.core.management.base import SystemCheckError

from config.wsgi import application

__all__ = ["application"]

POLL_SECONDS = 1.0
GRACE_SECONDS = 10.0


def exit_with(parent: int) -> None:
    """Wait until the process `parent` is gone, then stop this one: SIGTERM, and a hard exit after a grace period."""
    while os.getppid() == parent:
        time.sleep(POLL_SECONDS)
    os.kill(os.getpid(), signal.SIGTERM)
    time.sleep(GRACE_SECONDS)
    os._exit(1)


def main() -> None:
    """Granian's own command, once the shop is checked and loaded."""
    from granian.cli import entrypoint

    try:
        call_command("check")  # imports every page
    except SystemCheckError as error:
        sys.exit(f"The web server cannot start. {error}")

    if sys.platform == "linux":  # elsewhere a fork is unsafe, and granian starts its processes anew
        multiprocessing.set_start_method("fork")
        gc.collect()
        gc.freeze()  # the collector's marks would copy every shared page
    entrypoint()


if __name__ == "__main__":
    main()
else:
    # Not getppid(): the parent may already be dead while this process is still starting.
    _parent = multiprocessing.parent_process()
    if _parent is not None and _parent.pid is not None:
        threading.Thread(target=exit_with, args=(_parent.pid,), name="exit-with-parent", daemon=True).start()
