"""`manage.py doctor`: what is wrong with this deployment, each with the command that fixes it."""

import json
import sys
from dataclasses import asdict
from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from shop.doctor.services import run_checks


class Command(BaseCommand):
    #: The doctor reports them itself.
    requires_system_checks = []
    help = "Report what this deployment lacks, each with the command that fixes it. Changes nothing."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--deploy", action="store_true", help="also report what is wrong for a shop in production")
        parser.add_argument("--json", action="store_true", help="print JSON")

    def handle(self, *args: Any, **options: Any) -> None:
        found = run_checks(deploy=options["deploy"])
        if options["json"]:
            findings = [asdict(finding) for finding in found]
            self.stdout.write(json.dumps({"ok": not found, "findings": findings}, indent=2))
        else:
            for finding in found:
                self.stdout.write(f"{finding.sentence}\n    {finding.fix}")
            self.stdout.write(f"{len(found)} found." if found else "Nothing found.")
        if found:
            sys.exit(1)
