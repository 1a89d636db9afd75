"""Retries and forks over REST."""

from collections.abc import Sequence
from typing import Any

from django.db.models import QuerySet
from drf_spectacular.utils import OpenApiResponse, extend_schema
from rest_framework.generics import get_object_or_404
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.viewsets import GenericViewSet

from common.rest import caller
from executions import services
from executions.api.serializers import (
    ExecutionSerializer,
    ForkSerializer,
    RetrySerializer,
    WaitSerializer,
)
from executions.api.throttling import ExecuteThrottle
from executions.api.views import LOCATION, TAGS, execution_answer, trigger_of
from executions.forks.forking import Fork
from executions.models import WorkflowExecution
from executions.selectors import executions_for
from executions.starts.launching import Launch
from workflows.api.idempotency import HEADER, idempotency_of

PARAMETERS: Sequence[Any] = [WaitSerializer, HEADER, LOCATION]
ANSWERS = {
    202: ExecutionSerializer,
    200: OpenApiResponse(ExecutionSerializer, description="It ended within `wait`."),
    409: OpenApiResponse(description="`confirmation_required` lists the calls in `repeats`."),
}
RETRY_ANSWERS = ANSWERS | {
    409: OpenApiResponse(
        description="`confirmation_required` lists the calls in `repeats`; `retry_running` names the retry that has "
        "not ended in `execution_id`."
    ),
}


class ForkViewSet(GenericViewSet[WorkflowExecution]):
    """New runs from what a run has done."""

    queryset = WorkflowExecution.objects.none()
    serializer_class = ExecutionSerializer
    filter_backends = ()
    throttle_classes = (ExecuteThrottle,)

    @extend_schema(
        operation_id="retry_execution",
        summary="Retry a run",
        tags=TAGS,
        request=RetrySerializer,
        parameters=PARAMETERS,
        responses=RETRY_ANSWERS,
    )
    def retry(self, request: Request, execution_id: str) -> Response:
        """Go on in a new run where this one failed or was cancelled; what has finished is not run again."""
        source = self._source(execution_id)
        body, wait = checked(RetrySerializer(data=request.data)), wait_of(request)
        execution = services.retry_execution(
            source,
            _launch(source, request, {}),
            is_confirmed=body["confirm"],
            is_another=body["another"],
        )
        return execution_answer(services.wait_for_end(execution, wait), request)

    @extend_schema(
        operation_id="fork_execution",
        summary="Fork a run",
        tags=TAGS,
        request=ForkSerializer,
        parameters=PARAMETERS,
        responses=ANSWERS,
    )
    def fork(self, request: Request, execution_id: str) -> Response:
        """Run again from one of the steps; the finished steps before it are taken over."""
        source = self._source(execution_id)
        body, wait = checked(ForkSerializer(data=request.data)), wait_of(request)
        fork = Fork(
            source=source,
            from_step=body.pop("from_step"),
            iteration=body.pop("iteration"),
            outputs=body.pop("outputs"),
            is_confirmed=body.pop("confirm"),
        )
        execution = services.fork_execution(fork, _launch(source, request, body))
        return execution_answer(services.wait_for_end(execution, wait), request)

    def get_queryset(self) -> QuerySet[WorkflowExecution]:
        """Starts from the caller."""
        return executions_for(self.request.user).select_related("workflow")

    def _source(self, execution_id: str) -> WorkflowExecution:
        return get_object_or_404(self.get_queryset(), pk=execution_id)


def _launch(source: WorkflowExecution, request: Request, changes: dict[str, Any]) -> Launch:
    return services.again(
        source,
        by=caller(request),
        triggered_by=trigger_of(request),
        **changes,
        **idempotency_of(request),
    )


def checked(serializer: Any) -> dict[str, Any]:
    """What was sent, checked."""
    serializer.is_valid(raise_exception=True)
    return dict(serializer.validated_data)


def wait_of(request: Request) -> float:
    """`?wait=`, in seconds."""
    wait: float = checked(WaitSerializer(data=request.query_params))["wait"]
    return wait
