"""What does the web server serve in each of its worker processes? The WSGI application, as long as its parent lives.

granian's workers would go on alone, with the port, after their parent was killed, beside the ones of the next start.
"""

import multiprocessing
import os
import signal
import threading
import time

from config.wsgi import application

__all__ = ["application"]

POLL_SECONDS = 1.0
GRACE_SECONDS = 10.0


def end_with(parent: int) -> None:
    """Wait until the process `parent` is gone; then end this one, softly at first."""
    while os.getppid() == parent:
        time.sleep(POLL_SECONDS)
    os.kill(os.getpid(), signal.SIGTERM)
    time.sleep(GRACE_SECONDS)
    os._exit(1)


# Not getppid(): the parent may have been killed while this process was still starting.
_parent = multiprocessing.parent_process()
if _parent is not None and _parent.pid is not None:
    threading.Thread(target=end_with, args=(_parent.pid,), name="end-with-parent", daemon=True).start()
