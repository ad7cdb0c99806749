"""Failed tasks: list, detail, retry, discard, restore, edit, reveal."""

import uuid
from collections.abc import Sequence
from typing import Any

from django.db.models import Q
from django.http import Http404
from django.utils.translation import gettext as _
from pydantic import ValidationError
from rest_framework.request import Request
from rest_framework.response import Response

from messaging.models import LIVE_STATES, Message, State
from messaging.operations import actions
from messaging.operations.api.base import DeskView
from messaging.operations.api.docs import describe_action, describe_detail, describe_list
from messaging.operations.api.fields import read
from messaging.operations.api.inputs import EditIn, FailedTaskQuery, OptionalReasonIn, ReasonIn, RetryIn
from messaging.operations.api.outputs import DryRunOut, FailedTaskOut, RevealedOut
from messaging.operations.api.problems import conflict, invalid
from messaging.operations.dry_runs.report import as_dict
from messaging.operations.dry_runs.run import CannotDryRun
from messaging.operations.failures.advice import advise
from messaging.operations.failures.quarantine import is_quarantined, sentence
from messaging.operations.failures.selectors import failed_tasks


class FailedTasks(DeskView):
    serializer_class = FailedTaskOut
    permission = "operations.view_failedtask"

    @describe_list("failed_tasks_list", FailedTaskOut, query=FailedTaskQuery)
    def get(self, request: Request) -> Response:
        """The dead messages, newest failure first."""
        return self.page(failed_tasks(**read(FailedTaskQuery, request.query_params)))

    def shared_by(self, rows: Sequence[Message]) -> dict[str, Any]:
        return {"advice": advise(rows)}


class FailedTaskDetail(DeskView):
    serializer_class = FailedTaskOut
    permission = "operations.view_failedtask"

    @describe_detail("failed_tasks_read", FailedTaskOut)
    def get(self, request: Request, message_id: uuid.UUID) -> Response:
        """One message that has failed, whatever its state is now."""
        return self.one(_failed(message_id))


class _Action(DeskView):
    serializer_class = FailedTaskOut

    def finish(self, outcome: actions.Outcome, message_id: uuid.UUID) -> Response:
        for why in outcome.skipped.values():
            raise conflict("not-dead", _("Nothing was changed: {why}.").format(why=why))
        return self.one(_failed(message_id))


class Retry(_Action):
    permission = "operations.retry_message"

    @describe_action("failed_tasks_retry", RetryIn, FailedTaskOut, 404, 409)
    def post(self, request: Request, message_id: uuid.UUID) -> Response:
        """Retry a dead message. A quarantined one needs `confirm_quarantined`."""
        wanted, message = read(RetryIn, request.data), _failed(message_id)
        if is_quarantined(message) and not wanted["confirm_quarantined"]:
            raise conflict("quarantined", _("Nothing was changed. {why}").format(why=sentence(message)))
        return self.finish(actions.retry(ids=[message.pk], actor=self.actor, **wanted), message_id)


class Release(_Action):
    permission = "operations.retry_message"

    @describe_action("failed_tasks_release", OptionalReasonIn, FailedTaskOut, 404, 409)
    def post(self, request: Request, message_id: uuid.UUID) -> Response:
        """Release a message from quarantine: it stays dead, and bulk retries include it again."""
        wanted, message = read(OptionalReasonIn, request.data), _failed(message_id)
        if message.state == State.DEAD and not is_quarantined(message):
            raise conflict("not-quarantined", _("Nothing was changed: it is not quarantined."))
        return self.finish(actions.release(ids=[message.pk], actor=self.actor, **wanted), message_id)


class Discard(_Action):
    permission = "operations.discard_message"

    @describe_action("failed_tasks_discard", ReasonIn, FailedTaskOut, 404, 409)
    def post(self, request: Request, message_id: uuid.UUID) -> Response:
        """Discard a dead message. The reason is kept with it."""
        wanted = read(ReasonIn, request.data)
        return self.finish(actions.discard(ids=[_failed(message_id).pk], actor=self.actor, **wanted), message_id)


class Restore(_Action):
    permission = "operations.discard_message"

    @describe_action("failed_tasks_restore", OptionalReasonIn, FailedTaskOut, 404, 409)
    def post(self, request: Request, message_id: uuid.UUID) -> Response:
        """Undo a discard: make the message dead again, as it was."""
        wanted = read(OptionalReasonIn, request.data)
        return self.finish(actions.restore(ids=[_failed(message_id).pk], actor=self.actor, **wanted), message_id)


class Edit(_Action):
    permission = "operations.edit_message"

    @describe_action("failed_tasks_edit", EditIn, FailedTaskOut, 404, 409)
    def post(self, request: Request, message_id: uuid.UUID) -> Response:
        """Replace a dead message's payload and retry it. The old payload is kept."""
        wanted = read(EditIn, request.data)
        message = _failed(message_id)
        message.attempts = wanted.get("attempts", message.attempts)
        edit = {"data": wanted["payload"], "reason": wanted["reason"], "seen": actions.version_of(message)}
        try:
            outcome = actions.edit_and_retry(id_=message.pk, actor=self.actor, **edit)
        except ValidationError as error:
            raise invalid(_errors_of(error)) from None
        except actions.CannotEdit as error:
            raise conflict("no-schema", str(error)) from None
        return self.finish(outcome, message_id)


class DryRun(DeskView):
    serializer_class = DryRunOut
    permission = "operations.retry_message"

    @describe_action("failed_tasks_dry_run", OptionalReasonIn, DryRunOut, 404, 409)
    def post(self, request: Request, message_id: uuid.UUID) -> Response:
        """Run the present code against a dead message, without any effect."""
        wanted = read(OptionalReasonIn, request.data)
        try:
            result = actions.dry_run(message=_failed(message_id), actor=self.actor, **wanted)
        except CannotDryRun as error:
            raise conflict("no-dry-run", str(error)) from None
        return self.one(as_dict(result))


class Reveal(DeskView):
    serializer_class = RevealedOut
    permission = "operations.reveal_payload"

    @describe_action("failed_tasks_reveal", OptionalReasonIn, RevealedOut, 404)
    def post(self, request: Request, message_id: uuid.UUID) -> Response:
        """The payload with personal data. The audit log records who revealed it."""
        wanted = read(OptionalReasonIn, request.data)
        return Response({"payload": actions.reveal(message=_failed(message_id), actor=self.actor, **wanted)})


def _failed(message_id: uuid.UUID) -> Message:
    """A message that has failed or is settled. A live message that never failed is not found here."""
    message = Message.objects.filter(~Q(state__in=LIVE_STATES) | Q(attempts__gt=0), pk=message_id).first()
    if message is None:
        raise Http404
    return message


def _errors_of(error: ValidationError) -> dict[str, list[str]]:
    """pydantic's errors by field, without the values, which may be personal."""
    errors: dict[str, list[str]] = {}
    for fault in error.errors():
        path = ".".join(["payload", *(str(part) for part in fault["loc"])])
        errors.setdefault(path, []).append(fault["msg"])
    return errors
