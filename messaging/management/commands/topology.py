"""Shows exchange, queues, bindings, tasks, and which signal enqueues which task: `python manage.py topology`."""

import json
from typing import Any

from django.apps import apps
from django.core.management.base import BaseCommand, CommandParser
from django.dispatch import Signal

from messaging.hooks.signal_map import name_of, tasks_of
from messaging.payloads import registered_payloads
from messaging.topology import Priority, topology


class Command(BaseCommand):
    help = "Show the exchange, queues with their bindings, tasks, and which signal enqueues which task."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--json", action="store_true", help="print JSON")

    def handle(self, *args: Any, **options: Any) -> None:
        facts = _facts()
        self.stdout.write(json.dumps(facts, indent=2) if options["json"] else _text(facts))


def _facts() -> dict[str, Any]:
    return {
        "exchange": topology().exchange,
        "dead_letter_exchange": topology().dead_letter_exchange,
        "queues": [
            {"name": name, "binding": binding, "dead_letters": topology().dead(name)}
            for name, binding in topology().queues.items()
        ],
        "tasks": [
            {
                "task": task,
                "routing_key": payload.routing_key,
                "queue": topology().queue_for(payload.routing_key),
                "version": payload.version,
            }
            for task, payload in sorted(registered_payloads().items())
        ],
        "signals": wiring(),
    }


def wiring() -> list[dict[str, Any]]:
    """Signals declared in the `signals.py` of the project's apps, with their receivers and the tasks they enqueue."""
    found = []
    for config in apps.get_app_configs():
        module = None if "site-packages" in config.path else getattr(config.module, "signals", None)
        for name, signal in sorted(vars(module).items()) if module else ():
            if isinstance(signal, Signal):
                found.append({"signal": f"{config.label}.{name}", "receivers": _receivers(signal)})
    return found


def _receivers(signal: Signal) -> list[dict[str, Any]]:
    live = [receiver for part in signal._live_receivers(None) for receiver in part]
    return [{"receiver": name_of(each), "enqueues": list(tasks_of(each))} for each in sorted(live, key=name_of)]


def _text(facts: dict[str, Any]) -> str:
    priorities = ", ".join(f"{p.name.lower()} ({p.value})" for p in sorted(Priority, reverse=True))
    lines = [f"exchange {facts['exchange']} (topic), priorities {priorities}", ""]
    lines += [
        f"  {queue['binding']:16} -> {queue['name']:14} dead letters -> {queue['dead_letters']}"
        for queue in facts["queues"]
    ]
    lines += ["", "tasks"]
    name, key = (max((len(task[column]) for task in facts["tasks"]), default=0) for column in ("task", "routing_key"))
    for task in facts["tasks"]:
        keys = f"{task['task']:{name}} {task['routing_key'] + '.<high|normal|low>':{key + 18}}"
        lines.append(f"  {keys} -> {task['queue']} (schema version {task['version']})")
    lines += ["", "signals"]
    for signal in facts["signals"]:
        lines.append(f"  {signal['signal']}")
        for row in signal["receivers"]:
            enqueues = f" -> {', '.join(row['enqueues'])}" if row["enqueues"] else ""
            lines.append(f"    -> {row['receiver']:60}{enqueues}".rstrip())
    return "\n".join(lines)
