"""One step of a workflow tried alone, over REST."""

from typing import Any

from drf_spectacular.utils import extend_schema
from rest_framework.generics import get_object_or_404
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.viewsets import GenericViewSet

from common.rest import caller
from executions import services
from executions.api.fork_views import ANSWERS, PARAMETERS, checked, wait_of
from executions.api.serializers import ExecutionSerializer, StepTestSerializer
from executions.api.throttling import ExecuteThrottle
from executions.api.views import TAGS, execution_answer, trigger_of
from executions.models import WorkflowExecution
from executions.starts.launching import Launch
from executions.step_tests import surroundings
from workflows.api.idempotency import idempotency_of
from workflows.selectors import workflows_for

AROUND = ("steps", "loop", "error")


class StepTestViewSet(GenericViewSet[WorkflowExecution]):
    """Runs of one step."""

    queryset = WorkflowExecution.objects.none()
    serializer_class = ExecutionSerializer
    filter_backends = ()
    throttle_classes = (ExecuteThrottle,)

    @extend_schema(
        operation_id="test_step",
        summary="Run one step alone",
        tags=TAGS,
        request=StepTestSerializer,
        parameters=PARAMETERS,
        responses=ANSWERS,
    )
    def test(self, request: Request, workflow_id: str, step_id: str) -> Response:
        """Run one step with what is around it given; simulated unless `simulate` is false."""
        workflow = get_object_or_404(workflows_for(request.user), pk=workflow_id)
        body, wait = checked(StepTestSerializer(data=request.data)), wait_of(request)
        around: dict[str, Any] = {name: body.pop(name) for name in AROUND if name in body}
        is_confirmed = body.pop("confirm")
        launch = Launch(
            workflow=workflow,
            by=caller(request),
            triggered_by=trigger_of(request),
            tested_step=step_id,
            test=surroundings(around).model_dump(),
            **body,
            **idempotency_of(request),
        )
        execution = services.try_step(launch, is_confirmed=is_confirmed)
        return execution_answer(services.wait_for_end(execution, wait), request)
