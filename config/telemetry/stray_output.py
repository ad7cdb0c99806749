"""Output that no logger writes, as log lines: Celery's last words, warnings, and errors that end a process."""

import logging
import os
import sys
import threading
from functools import partial
from types import TracebackType
from typing import Any

from celery import signals

from config.telemetry.role import role

log = logging.getLogger("conveyor.process")


def capture(formatter: logging.Formatter) -> None:
    """From now on, in this process and those that it forks, these are lines of `formatter`, too."""
    logging.captureWarnings(True)
    sys.excepthook = _report
    threading.excepthook = _report_of_thread
    signals.after_setup_logger.connect(partial(_format_pool, formatter), weak=False)
    if role().startswith("worker"):
        _capture_last_words(formatter)


def _format_pool(formatter: logging.Formatter, **_sent: Any) -> None:
    """Celery gives the pool's logger a handler with a format of its own."""
    from billiard.util import get_logger

    for handler in get_logger().handlers:
        handler.setFormatter(formatter)


def _capture_last_words(formatter: logging.Formatter) -> None:
    import celery.apps.worker

    def say(text: Any, f: Any = None) -> None:
        """A worker says this in a signal handler, where a logger's lock may be held."""
        record = logging.LogRecord("celery.apps.worker", logging.WARNING, "", 0, str(text), None, None)
        os.write(2, f"{formatter.format(record)}\n".encode())

    celery.apps.worker.safe_say = say


def _report(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
    if issubclass(kind, KeyboardInterrupt):
        sys.__excepthook__(kind, error, trace)
    else:
        log.critical("the process ends with an error", exc_info=(kind, error, trace))


def _report_of_thread(args: threading.ExceptHookArgs) -> None:
    if args.exc_value is not None and not issubclass(args.exc_type, SystemExit):
        log.critical("a thread ends with an error", exc_info=(args.exc_type, args.exc_value, args.exc_traceback))
