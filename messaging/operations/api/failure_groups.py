"""Failure groups: list, detail, acknowledge, resolve."""

from typing import Any

from django.http import Http404
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from messaging.operations import actions
from messaging.operations.api.base import DeskView
from messaging.operations.api.docs import BODY, PAGE, STAFF, problems
from messaging.operations.api.fields import read
from messaging.operations.api.inputs import FailureGroupQuery, NoteIn
from messaging.operations.api.outputs import FailureGroupOut
from messaging.operations.api.problems import conflict
from messaging.operations.failures.groups import groups
from messaging.operations.models import FailureGroup, GroupState
from messaging.operations.permissions import Actor


class FailureGroups(DeskView):
    serializer_class = FailureGroupOut
    permission = "operations.view_failedtask"

    @extend_schema(
        operation_id="failure_groups_list",
        parameters=[FailureGroupQuery, PAGE],
        responses={200: FailureGroupOut(many=True), **problems(400, *STAFF, 404)},
    )
    def get(self, request: Request) -> Response:
        """The groups of alike failures, the largest first."""
        page = self.paginate_queryset(groups(**read(FailureGroupQuery, request.query_params)))
        return self.get_paginated_response(self.get_serializer(page, many=True).data)


class FailureGroupDetail(DeskView):
    serializer_class = FailureGroupOut
    permission = "operations.view_failedtask"

    @extend_schema(operation_id="failure_groups_read", responses={200: FailureGroupOut, **problems(*STAFF, 404)})
    def get(self, request: Request, group_id: str) -> Response:
        """One group of alike failures."""
        return Response(self.get_serializer(_found(group_id)).data)


class _Move(DeskView):
    serializer_class = FailureGroupOut
    permission = "operations.retry_message"
    state: GroupState

    def move(self, request: Request, group_id: str) -> Response:
        note = read(NoteIn, request.data)["note"]
        group = _found(group_id)
        try:
            group = actions.set_group_state(
                fingerprint=group.pk, state=self.state, actor=Actor.of(request.user), note=note
            )
        except actions.IllegalGroupState as error:
            raise conflict("illegal-transition", str(error)) from None
        return Response(self.get_serializer(group).data)


_ANSWERS: Any = {200: FailureGroupOut, **problems(*BODY, *STAFF, 404, 409)}


class Acknowledge(_Move):
    state = GroupState.ACKNOWLEDGED

    @extend_schema(operation_id="failure_groups_acknowledge", request=NoteIn, responses=_ANSWERS)
    def post(self, request: Request, group_id: str) -> Response:
        """Say that somebody looks after it."""
        return self.move(request, group_id)


class Resolve(_Move):
    state = GroupState.RESOLVED

    @extend_schema(operation_id="failure_groups_resolve", request=NoteIn, responses=_ANSWERS)
    def post(self, request: Request, group_id: str) -> Response:
        """Say that its cause is mended: if it fails again, it has regressed."""
        return self.move(request, group_id)


def _found(group_id: str) -> FailureGroup:
    group = FailureGroup.objects.filter(pk=group_id).first()
    if group is None:
        raise Http404
    return group
