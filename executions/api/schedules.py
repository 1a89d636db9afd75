"""Schedules over REST: each view names the shapes and calls one service."""

from typing import Any

from django.db.models import QuerySet
from drf_spectacular.utils import extend_schema
from rest_framework.generics import get_object_or_404
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.viewsets import GenericViewSet

from common.rest import caller
from executions.api.schedule_serializers import PauseSerializer, ScheduleSerializer
from executions.api.serializers import ExecutionRowSerializer
from executions.triggers import schedules
from executions.triggers.models import Schedule
from executions.triggers.selectors import schedules_for, with_last_run
from workflows.api.idempotency import HEADER, idempotency_of
from workflows.models import Workflow
from workflows.selectors import workflows_for

TAGS = ["schedules"]


class ScheduleViewSet(GenericViewSet[Schedule]):
    """The schedules of one workflow."""

    queryset = Schedule.objects.none()
    serializer_class = ScheduleSerializer
    filter_backends = ()
    ordering = "-created_at"
    ordering_fields = ("created_at",)

    def get_queryset(self) -> QuerySet[Schedule]:
        """Those of this workflow that the caller may see; 404 for a workflow that is not the caller's to see."""
        return with_last_run(schedules_for(self.request.user).filter(workflow=self._workflow()))

    def get_object(self) -> Schedule:
        """By its id."""
        return get_object_or_404(self.get_queryset(), pk=self.kwargs["schedule_id"])

    @extend_schema(operation_id="list_schedules", summary="List schedules", tags=TAGS)
    def list(self, request: Request, workflow_id: str) -> Response:
        """Schedules of this workflow, the newest first."""
        page = self.paginate_queryset(self.get_queryset())
        return self.get_paginated_response(self.get_serializer(page, many=True).data)

    @extend_schema(
        operation_id="create_schedule",
        summary="Make a schedule",
        tags=TAGS,
        parameters=[HEADER],
        responses={201: ScheduleSerializer},
    )
    def create(self, request: Request, workflow_id: str) -> Response:
        """Let runs of this workflow start by the clock, on your behalf."""
        workflow = self._workflow()
        body = self.get_serializer(data=request.data)
        body.is_valid(raise_exception=True)
        row = schedules.create_schedule(
            workflow=workflow,
            by=caller(request),
            **body.validated_data,
            **idempotency_of(request),
        )
        return self._answer(row, 201)

    @extend_schema(operation_id="read_schedule", summary="Read a schedule", tags=TAGS)
    def retrieve(self, request: Request, workflow_id: str, schedule_id: str) -> Response:
        """One schedule with its next firing times and its last run."""
        return Response(self.get_serializer(self.get_object()).data)

    @extend_schema(operation_id="replace_schedule", summary="Replace a schedule", tags=TAGS)
    def update(
        self, request: Request, workflow_id: str, schedule_id: str, *, partial: bool = False
    ) -> Response:
        """Replace what a schedule says; what is not given gets its default."""
        row = self.get_object()
        body = self.get_serializer(row, data=request.data, partial=partial)
        body.is_valid(raise_exception=True)
        return self._answer(
            schedules.change_schedule(row, by=caller(request), **body.validated_data)
        )

    @extend_schema(operation_id="change_schedule", summary="Change a schedule", tags=TAGS)
    def partial_update(self, request: Request, workflow_id: str, schedule_id: str) -> Response:
        """Change some fields of a schedule."""
        return self.update(request, workflow_id, schedule_id, partial=True)

    @extend_schema(operation_id="delete_schedule", summary="Delete a schedule", tags=TAGS)
    def destroy(self, request: Request, workflow_id: str, schedule_id: str) -> Response:
        """Delete a schedule; the runs it started stay."""
        schedules.delete_schedule(self.get_object(), by=caller(request))
        return Response(status=204)

    @extend_schema(
        operation_id="pause_schedule",
        summary="Pause a schedule",
        tags=TAGS,
        request=PauseSerializer,
        responses=ScheduleSerializer,
    )
    def pause(self, request: Request, workflow_id: str, schedule_id: str) -> Response:
        """Start no more runs until it is resumed; those that go on are left alone."""
        row = self.get_object()
        return self._answer(schedules.pause_schedule(row, by=caller(request), note=_note(request)))

    @extend_schema(
        operation_id="resume_schedule",
        summary="Resume a schedule",
        tags=TAGS,
        request=PauseSerializer,
        responses=ScheduleSerializer,
    )
    def resume(self, request: Request, workflow_id: str, schedule_id: str) -> Response:
        """Start runs again from now on; what was missed is not made up for."""
        row = self.get_object()
        return self._answer(schedules.resume_schedule(row, by=caller(request), note=_note(request)))

    @extend_schema(
        operation_id="trigger_schedule",
        summary="Start a scheduled run now",
        tags=TAGS,
        request=None,
        parameters=[HEADER],
        responses={202: ExecutionRowSerializer},
    )
    def trigger(self, request: Request, workflow_id: str, schedule_id: str) -> Response:
        """Start a run now, paused or not and whatever the overlap policy says."""
        execution = schedules.fire_now(
            self.get_object(), by=caller(request), **idempotency_of(request)
        )
        return Response(ExecutionRowSerializer(execution).data, status=202)

    def _workflow(self) -> Workflow:
        return get_object_or_404(workflows_for(self.request.user), pk=self.kwargs["workflow_id"])

    def _answer(self, row: Schedule, status: int = 200) -> Response:
        shown: Any = self.get_queryset().get(pk=row.pk)
        return Response(self.get_serializer(shown).data, status=status)


def _note(request: Request) -> str:
    body = PauseSerializer(data=request.data)
    body.is_valid(raise_exception=True)
    return str(body.validated_data["note"])
