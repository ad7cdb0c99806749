"""How does an operator handle dead messages without a browser? `python manage.py dlq --help`."""

from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from messaging.operations.cli import bulk, subcommands
from messaging.operations.cli.registry import actor


class Command(BaseCommand):
    help = (
        "The operators' desk without a browser. Exit code 0: done, a list that is empty included; 1: not all that was "
        "asked for was done; 2: the call itself was wrong."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        actions = parser.add_subparsers(dest="action", required=True)
        for sub in subcommands():
            own = actions.add_parser(sub.name, help=sub.help)
            sub.arguments(own)
            own.set_defaults(run=sub.run)
        bulk.add_commands(actions)

    def handle(self, *args: Any, **options: Any) -> None:
        action = options["action"]
        if action in bulk.COMMANDS:
            bulk.COMMANDS[action](options, actor=actor(), write=self.stdout.write)
        else:
            options["run"](options, self.stdout)
