"""Controls the running demo: `manage.py demo fix-bug`, `demo kill worker-payments`, `demo stop broker`."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from messaging.operations.cli.registry import actor
from shop.demo import supervisor
from shop.demo.game_days import services

_CURES = {
    "fix-bug": (services.cure, "bug", "The bug of pm_bug and pm_crash is fixed. Retry the tasks it stopped."),
    "restore-bug": (services.restore, "bug", "The payment code has its bug again."),
    "end-outage": (services.cure, "outage", "pm_outage and Nowhere answer. Retry the tasks they stopped."),
    "restore-outage": (services.restore, "outage", "pm_outage and Nowhere never answer again."),
}
_DONE = {
    "kill": "{} was killed. The supervisor starts it again.",
    "stop": "{0} is stopped. Start it with `demo start {0}`.",
    "start": "{} runs.",
}


class Command(BaseCommand):
    help = "Demo only: cure the scripted failures, and kill, stop or start processes of the running demo."

    def add_arguments(self, parser: CommandParser) -> None:
        subcommands = parser.add_subparsers(dest="action", required=True)
        subcommands.add_parser("status", help="scripted failures and processes")
        subcommands.add_parser("fix-bug", help="pm_bug and pm_crash succeed from now on")
        subcommands.add_parser("restore-bug", help="pm_bug and pm_crash fail again")
        subcommands.add_parser("end-outage", help="pm_outage and the city Nowhere succeed from now on")
        subcommands.add_parser("restore-outage", help="pm_outage and the city Nowhere fail again")
        for verb, text in (("kill", "SIGKILL a process"), ("stop", "stop a process"), ("start", "start one")):
            process = subcommands.add_parser(verb, help=text)
            process.add_argument("name", metavar="PROCESS", help="such as worker-payments, relay, broker")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            self.stdout.write(self._run(options["action"], options.get("name", "")))
        except (
            services.NotADemo,
            supervisor.SupervisorAway,
            supervisor.UnknownProcess,
            supervisor.NothingChanged,
        ) as error:
            raise CommandError(str(error)) from None

    def _run(self, action: str, name: str) -> str:
        services.require(actor())
        if action in _CURES:
            service, failure, text = _CURES[action]
            service(failure=failure, actor=actor())
            return text
        if action in _DONE:
            services.control_process(verb=action, name=name, actor=actor())
            return _DONE[action].format(name)
        rows = [(name, "cured" if is_cured else "fails") for name, is_cured in services.cured().items()]
        rows += sorted(supervisor.processes().items())
        width = max(len(name) for name, _ in rows)
        return "\n".join(f"{name:{width}}  {state}" for name, state in rows)
