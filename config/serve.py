"""The web server: `python -m config.serve [granian's options] config.web:application`.

The main process imports the shop before it forks, so that the server's processes share that memory and serve at once.
"""

import gc
import multiprocessing
import sys
from io import StringIO
from typing import Any

from django.core.exceptions import ImproperlyConfigured
from django.core.management import call_command
from django.core.management.base import SystemCheckError

from config.parts import logs


def main() -> None:
    """Granian's own command, once the shop is checked and loaded."""
    from granian.cli import entrypoint

    try:
        import config.wsgi  # noqa: F401 - sets up Django

        check(stdout=StringIO())
    except (ImproperlyConfigured, SystemCheckError) as error:
        sys.exit(f"The web server cannot start. {error}")

    if logs.is_json():
        from granian.log import LOGGING_CONFIG

        LOGGING_CONFIG["formatters"] = {name: {"()": logs.JSON_FORMATTER} for name in ("generic", "access")}
    if sys.platform == "linux":  # elsewhere a fork is unsafe, and granian starts its processes anew
        multiprocessing.set_start_method("fork")
        gc.collect()
        gc.freeze()  # the collector's marks would copy every shared page
    entrypoint()


def check(**options: Any) -> None:
    """Django's checks, which import every page. A database that is down stops no start: Django 6.1 would ask it."""
    call_command("check", databases=[], **options)


if __name__ == "__main__":
    main()
