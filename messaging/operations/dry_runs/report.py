"""What a dry run found, for people and programs: personal data is masked."""

from typing import Any

from django.utils.translation import gettext as _

from messaging.operations.dry_runs.run import DryRun, Verdict
from messaging.operations.failures.tracebacks import shown
from messaging.operations.privacy.masking import mask, mask_text
from messaging.transitions.failure import short


def sentence_of(result: DryRun) -> str:
    """The result in one sentence."""
    if result.verdict is Verdict.COMPLETES:
        return _("It would complete.")
    if result.verdict is Verdict.UNANSWERED:
        return _unanswered(result)
    if result.verdict is Verdict.TOO_LONG:
        return _("It did not end within %(seconds)s seconds, and was stopped.") % {"seconds": f"{result.seconds:.0f}"}
    return _("It would fail: %(error)s.") % {"error": short(result.error_type)}


def _unanswered(result: DryRun) -> str:
    text = _("It asks %(system)s to “%(operation)s”, which the last attempt did not ask. Only a retry tells more.")
    if result.instead:
        text = _(
            "It asks %(system)s to “%(operation)s”, whose answer was not kept (%(instead)s). Only a retry tells more."
        )
    return text % {"system": result.needs[0], "operation": result.needs[1], "instead": result.instead}


def as_dict(result: DryRun) -> dict[str, Any]:
    return {
        "verdict": result.verdict.value,
        "summary": sentence_of(result),
        "seconds": round(result.seconds, 3),
        "enqueued": [
            {"task": message.task, "subject": message.subject, "payload": mask(message.payload)}
            for message in result.enqueued
        ],
        "withheld": [mask_text(what) for what in result.withheld],
        "error": {"type": result.error_type, "message": mask_text(result.error_message)},
        "traceback": shown(result.traceback),
        "log": mask_text(result.log),
    }
