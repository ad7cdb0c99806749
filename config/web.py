"""What does the web server serve in each of its worker processes? The WSGI application, as long as its parent lives.

granian's workers would go on alone, with the port, after their parent was killed, beside the ones of the next start.
"""

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


threading.Thread(target=end_with, args=(os.getppid(),), name="end-with-parent", daemon=True).start()
