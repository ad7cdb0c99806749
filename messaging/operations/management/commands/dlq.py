"""`manage.py dlq`: the operators' desk on the command line."""

from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from messaging.operations.cli import subcommands
from messaging.operations.cli.registry import require_text


class Command(BaseCommand):
    help = (
        "Inspect, retry, edit and discard dead messages. Exit codes: 0 success, including an empty list; 1 not "
        "everything could be done; 2 invalid usage."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        actions = parser.add_subparsers(dest="action", required=True)
        for sub in subcommands():
            own = actions.add_parser(sub.name, help=sub.help)
            sub.arguments(own)
            own.set_defaults(run=sub.run)

    def handle(self, *args: Any, **options: Any) -> None:
        require_text(options)
        try:
            options["run"](options, self.stdout)
        except OSError as error:
            # Lets go of the rows that were not read: Django closes the connection before the traceback is dropped.
            raise error.with_traceback(None) from None
