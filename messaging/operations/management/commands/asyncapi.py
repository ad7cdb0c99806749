"""`manage.py asyncapi`: the AsyncAPI document of all messages, and whether it is compatible with a stored one."""

import json
from pathlib import Path
from typing import Any

import yaml
from django.core.management.base import BaseCommand, CommandError, CommandParser

from messaging.operations.contracts.asyncapi import document
from messaging.operations.contracts.compatibility import breaks_of_messages


class Command(BaseCommand):
    help = "Print the AsyncAPI document of all messages, or compare it with a stored one."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--json", action="store_true", help="print JSON instead of YAML")
        parser.add_argument(
            "--check", metavar="FILE", help="list what is incompatible with the document in FILE, and exit with 1"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        now = json.loads(json.dumps(document()))  # what is shared inside would become YAML's anchors
        if options["check"]:
            self._check(Path(options["check"]), now)
        elif options["json"]:
            self.stdout.write(json.dumps(now, indent=2, sort_keys=True))
        else:
            self.stdout.write(yaml.safe_dump(now, sort_keys=False, allow_unicode=True, width=120).rstrip())

    def _check(self, path: Path, now: dict[str, Any]) -> None:
        try:
            stored = yaml.safe_load(path.read_text())
            breaks = breaks_of_messages(stored, now)
        except Exception as error:  # the file may be anything
            raise CommandError(f"{path} cannot be read as an AsyncAPI document: {error!r}") from None
        if breaks:
            raise CommandError("\n".join(breaks))
        self.stdout.write(f"Compatible with {path}.")
