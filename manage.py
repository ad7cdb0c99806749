#!/usr/bin/env python
"""Django's management commands: `python manage.py COMMAND`."""

import os
import sys

from config import standard_streams


def main() -> None:
    """Run the command; an invalid setting exits with a one-line error instead of a traceback."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    try:
        from django.core.exceptions import ImproperlyConfigured
        from django.core.management import execute_from_command_line

        try:
            with standard_streams.guarded():
                execute_from_command_line(sys.argv)
        except ImproperlyConfigured as error:
            sys.exit(f"manage.py: {error}")
    except KeyboardInterrupt:
        sys.stderr.write("manage.py: interrupted\n")
        sys.exit(130)


if __name__ == "__main__":
    main()
