"""Says whether a lesson of docs/start worked: `manage.py checklesson 1`. Exit code 1 unless it did."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from messaging.conf import settings
from shop.demo.lessons.checks import CHECKS

#: The lesson about a shop outside demo mode.
PRODUCTION = 6


class Command(BaseCommand):
    help = "Say whether a lesson of docs/start worked, and what is missing. All lessons but 6 are for the demo."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("lesson", type=int, choices=list(CHECKS), metavar="N", help="number of the lesson, 1 to 6")

    def handle(self, *args: Any, **options: Any) -> None:
        lesson = options["lesson"]
        if not settings.CONVEYOR_DEMO and lesson != PRODUCTION:
            raise CommandError(f"Lesson {lesson} is for the demo. Start it with `make run`, and leave it running.")
        steps = CHECKS[lesson]()
        for step in steps:
            self.stdout.write(f"  done   {step.what}." if step.is_done else f"  to do  {step.what}. {step.hint}")
        left = sum(not step.is_done for step in steps)
        if left:
            raise CommandError(f"Lesson {lesson} is not complete: {left} of {len(steps)} steps are left.")
        self.stdout.write(f"Lesson {lesson} worked.")
