"""Which addresses show operators the groups of failures, and let them say how each stands?"""

from typing import Any

from django.http import Http404
from drf_spectacular.utils import extend_schema
from rest_framework.generics import GenericAPIView
from rest_framework.request import Request
from rest_framework.response import Response

from messaging import services
from messaging.desk.groups import groups
from messaging.models import FailureGroup, GroupState
from messaging.permissions import Actor
from shop.api.docs import BODY, PAGE, STAFF, problems
from shop.api.inputs import FailureGroupQuery, NoteIn, read
from shop.api.operations import MayDo
from shop.api.outputs import FailureGroupOut
from shop.api.problems import conflict


class FailureGroups(GenericAPIView[FailureGroup]):
    serializer_class = FailureGroupOut
    permission_classes = (MayDo,)
    permission = "messaging.view_failedtask"

    @extend_schema(
        operation_id="failure_groups_list",
        parameters=[FailureGroupQuery, PAGE],
        responses={200: FailureGroupOut(many=True), **problems(400, *STAFF, 404)},
    )
    def get(self, request: Request) -> Response:
        """The groups of alike failures, the largest first."""
        page = self.paginate_queryset(groups(**read(FailureGroupQuery, request.query_params)))
        return self.get_paginated_response(self.get_serializer(page, many=True).data)


class FailureGroupDetail(GenericAPIView[FailureGroup]):
    serializer_class = FailureGroupOut
    permission_classes = (MayDo,)
    permission = "messaging.view_failedtask"

    @extend_schema(operation_id="failure_groups_read", responses={200: FailureGroupOut, **problems(*STAFF, 404)})
    def get(self, request: Request, group_id: str) -> Response:
        """One group of alike failures."""
        return Response(self.get_serializer(_found(group_id)).data)


class _Move(GenericAPIView[FailureGroup]):
    serializer_class = FailureGroupOut
    permission_classes = (MayDo,)
    permission = "messaging.retry_message"
    state: GroupState

    def move(self, request: Request, group_id: str) -> Response:
        note = read(NoteIn, request.data)["note"]
        group = _found(group_id)
        try:
            group = services.set_group_state(
                fingerprint=group.pk, state=self.state, actor=Actor.of(request.user), note=note
            )
        except services.IllegalGroupState as error:
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
