"""Writes the page's code as the app `reports`, runs its tasks without a broker, and prints what became of each."""

import os
import runpy
import sys
from pathlib import Path
from typing import Any

from tests.guides.pages import blocks

PAGE = "reference/coming-from-celery.md"
FOLDER = Path(os.environ["DATABASE"]).parent


def write_app() -> None:
    """Each block of the page goes to the end of the file that its first line names."""
    (FOLDER / "reports").mkdir()
    (FOLDER / "reports" / "__init__.py").touch()
    for block in blocks(PAGE, "python"):
        name, _, code = block.partition("\n")
        if not name.startswith("# plain Celery"):
            with (FOLDER / name.removeprefix("# ")).open("a") as file:
                file.write(f"{code}\n\n")
    sys.path.insert(0, str(FOLDER))


def start() -> Any:
    """The tasks of the page, with their tables."""
    import django
    from celery import Celery

    django.setup()
    from django.core.management import call_command

    from messaging.broker.settings import celery_settings
    from messaging.conf import settings

    app = Celery("reports")
    app.config_from_object(celery_settings("redis://127.0.0.1:9/", topology=settings.MESSAGING))
    app.set_default()
    import reports.tasks as tasks  # type: ignore[import-not-found]

    app.finalize()
    call_command("migrate", run_syncdb=True, verbosity=0)
    return tasks


def deliver_due() -> list[str]:
    """Run what is due, and what that enqueues. Returns the names of the tasks, in order."""
    from tests.messaging.deliver import claim_due, hand_over

    names = []
    while claimed := claim_due():
        for message in claimed:
            hand_over(message)
            names.append(message.task)
    return names


def main() -> None:
    write_app()
    tasks = start()
    from messaging import outbox
    from messaging.models import Message
    from messaging.worker.task import UseOutbox

    report = tasks.request_report("chain")
    print("chain:", *deliver_due(), read(report))  # noqa: T201
    print("delayed:", *deliver_due(), tasks.request_report("later", delay=3600).is_built)  # noqa: T201
    tasks.mail_server.is_up = False
    report = tasks.request_in_parts("chord", 3)
    print("chord:", *deliver_due(), read(report))  # noqa: T201
    retried = Message.objects.get(task="reports.send", state="pending")
    tasks.mail_server.is_up = True
    Message.objects.filter(pk=retried.pk).update(available_at=retried.created_at)
    print("retry:", retried.attempts, *deliver_due(), read(report))  # noqa: T201
    for refused in (lambda: tasks.build.delay(1), lambda: outbox.enqueue(tasks.SendReport(report_id=1))):
        try:
            refused()
        except (UseOutbox, outbox.OutsideTransaction) as error:
            print("refused:", type(error).__name__)  # noqa: T201
    Message.objects.all().delete()
    runpy.run_path(str(FOLDER / "tests.py"))["test_a_report_is_requested"]()
    print("tested")  # noqa: T201


def read(report: Any) -> tuple[bool, bool]:
    report.refresh_from_db()
    return report.is_built, report.is_sent


main()
