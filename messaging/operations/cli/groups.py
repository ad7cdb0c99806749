"""`dlq groups`: lists failure groups; acknowledges, resolves, reopens or discards one."""

import json
from typing import Any

from django.core.management.base import CommandError, CommandParser

from messaging import clock
from messaging.models.uuid7 import uuid7
from messaging.operations import actions
from messaging.operations.cli.registry import (
    CHUNK,
    Out,
    actor,
    announce_discard,
    require_reason,
    subcommand,
    with_dry_run,
    with_json,
    write_page,
)
from messaging.operations.failures.advice import step_of_group
from messaging.operations.failures.groups import groups as matching_groups
from messaging.operations.models import FailureGroup, GroupState
from messaging.operations.privacy.masking import mask_text

_STATES = {"acknowledge": GroupState.ACKNOWLEDGED, "resolve": GroupState.RESOLVED, "reopen": GroupState.OPEN}


def _arguments(parser: CommandParser) -> None:
    parser.add_argument("--state", default="", choices=["", *GroupState.values], help="only groups in this state")
    for name in ("queue", "task"):
        parser.add_argument(f"--{name}", default="", help=f"only groups with this {name}")
    for name in (*_STATES, "discard"):
        parser.add_argument(f"--{name}", default="", metavar="GROUP", help=f"{name} this group")
    parser.add_argument("--reason", default="", help="kept as the group's note, or with the discarded messages")
    with_dry_run(parser)
    with_json(parser)


@subcommand("groups", help="list failure groups; acknowledge, resolve, reopen or discard one", arguments=_arguments)
def groups(options: dict[str, Any], out: Out) -> None:
    verb = next((name for name in (*_STATES, "discard") if options[name]), "")
    if verb:
        _act(verb, options, out)
        return
    matching = matching_groups(**{name: options[name] for name in ("state", "task", "queue")})
    count, found = matching.count(), matching.iterator(chunk_size=CHUNK)
    if options["json"]:
        write_page(map(summary, found), out, count=count)
        return
    for group in found:
        out.write(f"{group.pk}  {group.dead_count:>6} dead  {group.state:13}{group.task:28} {group.error_type}")
    out.write(f"{count} {'group' if count == 1 else 'groups'}")


def summary(group: FailureGroup) -> dict[str, Any]:
    """A group as commands show it, personal data masked."""
    return {
        "group": group.pk,
        "task": group.task,
        "queue": group.queue,
        "error": group.error_type,
        "message": mask_text(group.error_message),
        "state": group.state,
        "dead": group.dead_count,
        "failures": group.failures,
        "first_seen": group.first_seen.isoformat(timespec="seconds"),
        "last_seen": group.last_seen.isoformat(timespec="seconds"),
        "note": mask_text(group.note),
        "runbook": group.runbook,
        "next_step": step_of_group(group).as_dict(),
    }


def _act(verb: str, options: dict[str, Any], out: Out) -> None:
    group = FailureGroup.objects.filter(pk=options[verb]).first()
    if group is None:
        raise CommandError(f"There is no group {options[verb]}; list them with `dlq groups`.")
    if options["dry_run"]:
        would = {"group": group.pk, "would": verb, "dead": group.dead_count}
        out.write(json.dumps(would) if options["json"] else f"would {verb} {group.pk}: {group.dead_count} dead")
        return
    count = _discard(group, options) if verb == "discard" else _move(group, _STATES[verb], options)
    result = {"group": group.pk, "done": count}
    out.write(json.dumps(result) if options["json"] else f"{verb} {group.pk}: {count} done")


def _discard(group: FailureGroup, options: dict[str, Any]) -> int:
    require_reason(options)
    announce_discard(operation := uuid7())  # before the work begins: one that is interrupted can be undone too
    _, count = actions.discard_group(
        fingerprint=group.pk, until=clock.now(), actor=actor(), reason=options["reason"], operation_id=operation
    )
    return count


def _move(group: FailureGroup, state: GroupState, options: dict[str, Any]) -> int:
    try:
        actions.set_group_state(fingerprint=group.pk, state=state, actor=actor(), note=options["reason"])
    except actions.IllegalGroupState as error:
        raise CommandError(str(error)) from None
    return 1
