"""Failure groups: list, detail, acknowledge, resolve."""

from django.shortcuts import get_object_or_404
from rest_framework.request import Request
from rest_framework.response import Response

from messaging.operations import actions
from messaging.operations.api.base import DeskView
from messaging.operations.api.docs import describe_action, describe_detail, describe_list
from messaging.operations.api.fields import read
from messaging.operations.api.inputs import FailureGroupQuery, NoteIn
from messaging.operations.api.outputs import FailureGroupOut
from messaging.operations.api.problems import conflict
from messaging.operations.failures.groups import groups
from messaging.operations.models import FailureGroup, GroupState
from messaging.operations.or_404 import or_404


class FailureGroups(DeskView):
    serializer_class = FailureGroupOut
    permission = "operations.view_failedtask"

    @describe_list("failure_groups_list", FailureGroupOut, query=FailureGroupQuery)
    def get(self, request: Request) -> Response:
        """Failure groups, largest first."""
        return self.page(groups(**read(FailureGroupQuery, request.query_params)))


class FailureGroupDetail(DeskView):
    serializer_class = FailureGroupOut
    permission = "operations.view_failedtask"

    @describe_detail("failure_groups_read", FailureGroupOut)
    def get(self, request: Request, group_id: str) -> Response:
        """One failure group."""
        return self.one(get_object_or_404(FailureGroup, pk=group_id))


class _Transition(DeskView):
    serializer_class = FailureGroupOut
    permission = "operations.retry_message"

    @or_404(FailureGroup)
    def set_state(self, group_id: str, state: GroupState) -> Response:
        note = read(NoteIn, self.request.data)["note"]
        group = get_object_or_404(FailureGroup, pk=group_id)
        try:
            group = actions.set_group_state(fingerprint=group.pk, state=state, actor=self.actor, note=note)
        except actions.IllegalGroupState as error:
            raise conflict("illegal-transition", str(error)) from None
        return self.one(group)


class Acknowledge(_Transition):
    @describe_action("failure_groups_acknowledge", NoteIn, FailureGroupOut, 404, 409)
    def post(self, request: Request, group_id: str) -> Response:
        """Mark a group as being worked on."""
        return self.set_state(group_id, GroupState.ACKNOWLEDGED)


class Resolve(_Transition):
    @describe_action("failure_groups_resolve", NoteIn, FailureGroupOut, 404, 409)
    def post(self, request: Request, group_id: str) -> Response:
        """Mark a group as fixed. If it fails again, it becomes `regressed`."""
        return self.set_state(group_id, GroupState.RESOLVED)
