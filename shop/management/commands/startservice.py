"""`manage.py startservice NAME`: a new app in `extensions/` with its queue, worker, task, page and tests."""

from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser

from shop.scaffolding.names import NameRefused
from shop.scaffolding.services import create_service

_NEXT = """Next:
  .venv/bin/python -m pytest extensions/{name}     its tests, which pass
  .venv/bin/python manage.py migrate               its table and its permissions
  make run                                         with a worker on the queue {name}
Change what it does: docs/how-to/add-a-service.md"""


class Command(BaseCommand):
    help = "Write a new service into extensions/: an app with its queue, worker, task, admin page and tests."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("name", metavar="NAME", help="of the app and its queue, such as loyalty")

    def handle(self, *args: Any, **options: Any) -> None:
        folder = Path(settings.BASE_DIR) / "extensions"
        try:
            written = create_service(name=options["name"], folder=folder)
        except NameRefused as error:
            raise CommandError(str(error)) from None
        except OSError as error:
            raise CommandError(f"The service was not written to {folder}: {error}") from error
        for path in written:
            self.stdout.write(f"created {path.relative_to(folder.parent)}")
        self.stdout.write(_NEXT.format(name=options["name"]))
