"""`dlq dry-run`."""

import json
import sys
from typing import Any

from django.core.management.base import CommandError, CommandParser

from messaging.operations import actions
from messaging.operations.cli.registry import Out, actor, message_id, subcommand, with_json
from messaging.operations.cli.show import message_of
from messaging.operations.dry_runs.report import as_dict
from messaging.operations.dry_runs.run import CannotDryRun, Verdict


def _arguments(parser: CommandParser) -> None:
    parser.add_argument("id", type=message_id)
    parser.add_argument("--reason", default="", help="why; recorded in the audit log")
    with_json(parser)


@subcommand("dry-run", help="run this code against a dead message without any effect", arguments=_arguments)
def dry_run(options: dict[str, Any], out: Out) -> None:
    """Exits with code 1 unless it would complete."""
    message = message_of(options["id"])
    try:
        result = actions.dry_run(message=message, actor=actor(), reason=options["reason"], is_expendable=True)
    except CannotDryRun as error:
        raise CommandError(str(error)) from None
    facts = as_dict(result)
    out.write(json.dumps(facts) if options["json"] else _text(facts))
    if result.verdict is not Verdict.COMPLETES:
        sys.exit(1)


def _text(facts: dict[str, Any]) -> str:
    lines = [facts["summary"]]
    for new in facts["enqueued"]:
        payload = json.dumps(new["payload"], ensure_ascii=False)
        lines.append(f"would enqueue: {new['task']} {new['subject']} {payload}")
    lines += [f"would send: {what}" for what in facts["withheld"]]
    lines += [text for text in (facts["traceback"], facts["log"]) if text]
    return "\n".join(lines)
