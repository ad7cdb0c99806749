"""The reader's second terminal: runs `manage.py` commands in one process, since each start of Django takes a second.

A line is a JSON list of arguments; the answer is a JSON list of the exit code and what was printed.
"""

import io
import json
import sys

import django
from django.core.management import CommandError, call_command
from django.db import connections


def run(arguments: list[str]) -> tuple[int, str]:
    output = io.StringIO()
    try:
        call_command(*arguments, stdout=output, stderr=output)
    except CommandError as error:
        return error.returncode, f"{output.getvalue()}{error}"
    except SystemExit as error:
        return int(error.code or 0), output.getvalue()
    finally:
        connections.close_all()
    return 0, output.getvalue()


def main() -> None:
    django.setup()
    for line in sys.stdin:
        print(json.dumps(run(json.loads(line))), flush=True)  # noqa: T201


if __name__ == "__main__":
    main()
