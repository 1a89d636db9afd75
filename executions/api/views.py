"""Runs over REST: start, list, look, follow, cancel."""

from typing import Any, cast

from django.contrib.auth.models import User
from django.db.models import QuerySet
from drf_spectacular.utils import OpenApiParameter, OpenApiResponse, extend_schema
from rest_framework import mixins
from rest_framework.generics import get_object_or_404
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.reverse import reverse
from rest_framework.viewsets import GenericViewSet

from executions import services
from executions.api.approval_serializers import ApprovalSerializer, DecideSerializer
from executions.api.detail_serializers import StepDetailSerializer
from executions.api.filters import ExecutionFilter, list_rows
from executions.api.serializers import (
    ExecutionRowSerializer,
    ExecutionSerializer,
    StartSerializer,
    WaitSerializer,
)
from executions.api.step_serializers import StepRunSerializer
from executions.api.throttling import ExecuteThrottle
from executions.approvals.deciding import Vote, decide
from executions.models import StepRun, WorkflowExecution
from executions.reading.previews import with_shown
from executions.reading.spent import with_spent
from executions.selectors import (
    asking_executions,
    executions_for,
    readable_executions,
    with_previews,
)
from executions.starts.launching import Launch
from workflows.api.idempotency import HEADER, idempotency_of
from workflows.models import Workflow
from workflows.selectors import workflows_for

LOCATION = OpenApiParameter(
    "Location", str, OpenApiParameter.HEADER, response=[202], description="The run's address."
)
TAGS = ["executions"]


class ExecutionViewSet(
    mixins.ListModelMixin, mixins.RetrieveModelMixin, GenericViewSet[WorkflowExecution]
):
    """Runs that the caller may see."""

    queryset = WorkflowExecution.objects.none()
    serializer_class = ExecutionSerializer
    filterset_class = ExecutionFilter
    lookup_url_kwarg = "execution_id"
    ordering = "-created_at"
    ordering_fields = ("created_at",)

    def get_queryset(self) -> QuerySet[WorkflowExecution]:
        """Starts from the caller."""
        return executions_for(self.request.user)

    def get_object(self) -> WorkflowExecution:
        """By its id alone: the filters are the list's. Whoever is asked to decide may read, not steer."""
        readers = {"retrieve": readable_executions, "decision": asking_executions}
        rows = readers.get(self.action, executions_for)(self.request.user)
        return get_object_or_404(rows, pk=self.kwargs["execution_id"])

    @extend_schema(
        operation_id="list_executions",
        summary="List runs",
        tags=TAGS,
        responses=ExecutionRowSerializer(many=True),
    )
    def list(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """Runs, the newest first."""
        page = self.paginate_queryset(self.filter_queryset(list_rows(self.get_queryset())))
        return self.get_paginated_response(ExecutionRowSerializer(page, many=True).data)

    @extend_schema(operation_id="read_execution", summary="Read a run", tags=TAGS)
    def retrieve(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """One run with its output and what each step did."""
        return super().retrieve(request, *args, **kwargs)

    @extend_schema(
        operation_id="cancel_execution",
        summary="Cancel a run",
        tags=TAGS,
        request=None,
        responses={202: ExecutionSerializer},
    )
    def cancel(self, request: Request, execution_id: str) -> Response:
        """Ask for the end of a run; the answer shows it as it stands, CANCELLED comes when its steps have stopped."""
        execution = services.request_cancellation(self.get_object(), by=_user(request))
        return Response(self.get_serializer(execution).data, status=202)

    @extend_schema(
        operation_id="decide",
        summary="Approve or reject",
        tags=TAGS,
        request=DecideSerializer,
        responses={
            200: ApprovalSerializer,
            202: OpenApiResponse(
                ApprovalSerializer, description="Kept; the run hears of it when Temporal is back."
            ),
        },
    )
    def decision(self, request: Request, execution_id: str) -> Response:
        """Approve or reject what an approval step asks."""
        execution = self.get_object()
        body = DecideSerializer(data=request.data)
        body.is_valid(raise_exception=True)
        path = body.validated_data.pop("step")
        approval = decide(execution, path, Vote(**body.validated_data), by=_user(request))
        is_kept_only = approval.was_decided and not approval.is_delivered
        return Response(ApprovalSerializer(approval).data, status=202 if is_kept_only else 200)


class WorkflowExecutionViewSet(GenericViewSet[WorkflowExecution]):
    """The runs of one workflow."""

    queryset = WorkflowExecution.objects.none()
    serializer_class = ExecutionRowSerializer
    filterset_class = ExecutionFilter
    ordering = "-created_at"
    ordering_fields = ("created_at",)

    def get_queryset(self) -> QuerySet[WorkflowExecution]:
        """Those of this workflow that the caller may see; 404 for a workflow that is not the caller's to see."""
        workflow = self._workflow(self.kwargs["workflow_id"])
        return executions_for(self.request.user).filter(workflow=workflow)

    @extend_schema(
        operation_id="list_workflow_executions", summary="List the runs of a workflow", tags=TAGS
    )
    def list(self, request: Request, workflow_id: str) -> Response:
        """Runs of this workflow, the newest first."""
        page = self.paginate_queryset(self.filter_queryset(list_rows(self.get_queryset())))
        return self.get_paginated_response(self.get_serializer(page, many=True).data)

    @extend_schema(
        operation_id="execute_workflow",
        summary="Start a run",
        tags=TAGS,
        request=StartSerializer,
        parameters=[WaitSerializer, HEADER, LOCATION],
        responses={
            202: ExecutionSerializer,
            200: OpenApiResponse(ExecutionSerializer, description="It ended within `wait`."),
        },
    )
    def execute(self, request: Request, workflow_id: str) -> Response:
        """Start a run of the current (or the given) version."""
        workflow = self._workflow(workflow_id)
        query = WaitSerializer(data=request.query_params)
        query.is_valid(raise_exception=True)
        body = StartSerializer(data=request.data)
        body.is_valid(raise_exception=True)
        execution = services.start_execution(
            Launch(
                workflow=workflow,
                by=_user(request),
                triggered_by=trigger_of(request),
                **body.validated_data,
                **idempotency_of(request),
            )
        )
        execution = services.wait_for_end(execution, query.validated_data["wait"])
        return execution_answer(execution, request)

    def get_throttles(self) -> Any:
        """Reading is free."""
        return [ExecuteThrottle()] if self.action == "execute" else []

    def _workflow(self, workflow_id: str) -> Workflow:
        return get_object_or_404(workflows_for(self.request.user), pk=workflow_id)


class StepRunViewSet(GenericViewSet[StepRun]):
    """The steps of one run."""

    queryset = StepRun.objects.none()
    serializer_class = StepRunSerializer
    filter_backends = ()
    ordering = "position"
    ordering_fields = ("position",)

    @extend_schema(operation_id="list_step_runs", summary="List the steps of a run", tags=TAGS)
    def list(self, request: Request, execution_id: str) -> Response:
        """Every step run, in the order of starting."""
        execution = self._execution(execution_id)
        page = self.paginate_queryset(with_previews(StepRun.objects.filter(execution=execution)))
        context = {**self.get_serializer_context(), "execution_id": execution_id}
        serializer = StepRunSerializer(page, many=True, context=context)
        return self.get_paginated_response(serializer.data)

    @extend_schema(
        operation_id="read_step_run",
        summary="Read a step of a run",
        tags=TAGS,
        responses=StepDetailSerializer,
    )
    def retrieve(self, request: Request, execution_id: str, path: str) -> Response:
        """One step run with all of its values, its attempts, and an agent's messages and tool calls."""
        execution = self._execution(execution_id)
        rows = with_shown(with_spent(StepRun.objects.all()), "input_json", "output_json")
        step_run = get_object_or_404(rows, execution=execution, path=path)
        context = {**self.get_serializer_context(), "execution": execution}
        return Response(StepDetailSerializer(step_run, context=context).data)

    def _execution(self, execution_id: str) -> WorkflowExecution:
        return get_object_or_404(readable_executions(self.request.user), pk=execution_id)


def execution_answer(execution: WorkflowExecution, request: Request) -> Response:
    """A run that was started: 200 if it has ended, else 202 with the place to look."""
    location = reverse("execution-detail", kwargs={"execution_id": execution.pk}, request=request)
    return Response(
        ExecutionSerializer(execution, context={"request": request}).data,
        status=200 if execution.is_finished else 202,
        headers={"Location": location},
    )


def trigger_of(request: Request) -> WorkflowExecution.Trigger:
    """A person at a browser has a session, a program a token."""
    trigger = WorkflowExecution.Trigger
    return trigger.USER if request.auth is None else trigger.API


def _user(request: Request) -> User:
    return cast(User, request.user)
