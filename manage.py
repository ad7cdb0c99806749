#!/usr/bin/env python
"""Django's management commands: `python manage.py COMMAND`."""

import os
import sys

from config import standard_streams

_KEPT = "What was done by then is kept."
#: SQLSTATE of a table and of a column that no migration has added yet.
_NOT_MIGRATED = {"42P01", "42703"}


def main() -> None:
    """Run the command; whatever is not a bug exits with a one-line error instead of a traceback."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    try:
        from django.core.exceptions import ImproperlyConfigured
        from django.core.management import execute_from_command_line
        from django.db import Error

        try:
            with standard_streams.guarded():
                execute_from_command_line(sys.argv)
        except ImproperlyConfigured as error:
            sys.exit(f"manage.py: {error}")
        except Error as error:
            if "--traceback" in sys.argv or not _explain(error):
                raise
            sys.exit(1)
    except KeyboardInterrupt:
        sys.stderr.write(f"manage.py: interrupted. {_KEPT}\n")
        sys.exit(130)


def _explain(error: Exception) -> bool:
    """Print one line about a database that failed; False: a statement is wrong. Raises `KeyboardInterrupt` again.

    Psycopg refuses to end a transaction whose COMMIT was interrupted, and that error hides the interruption.
    """
    from django.db import InterfaceError, OperationalError

    from messaging.broker.database import is_read_only
    from messaging.worker.time_limits import causes_of

    if any(isinstance(cause, KeyboardInterrupt) for cause in causes_of(error)):
        raise KeyboardInterrupt
    failed = isinstance(error, OperationalError | InterfaceError) or is_read_only(error)
    if not failed and getattr(error.__cause__, "sqlstate", "") not in _NOT_MIGRATED:
        return False
    reason = str(error).strip().partition("\n")[0].rstrip(".")
    sys.stderr.write(
        f"manage.py: the database failed: {reason}. {_KEPT} `manage.py doctor` looks for the cause, and `--traceback` "
        "shows where it happened.\n"
    )
    return True


if __name__ == "__main__":
    main()
