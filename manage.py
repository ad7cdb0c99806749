#!/usr/bin/env python
"""How is a management command run? `python manage.py COMMAND`."""

import os
import sys


def main() -> None:
    """A wrong setting is one sentence on the way out, never a traceback."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    from django.core.exceptions import ImproperlyConfigured
    from django.core.management import execute_from_command_line

    try:
        execute_from_command_line(sys.argv)
    except ImproperlyConfigured as error:
        sys.exit(f"manage.py: {error}")


if __name__ == "__main__":
    main()
