"""Statistics of a workflow over REST."""

from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework.generics import get_object_or_404
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.viewsets import GenericViewSet

from common.rest import caller
from executions.api.stats_serializers import StatsQuerySerializer, StatsSerializer
from executions.models import WorkflowExecution
from executions.reading import stats
from executions.selectors import seen_runs
from workflows.drift.current import drift_count
from workflows.selectors import workflows_for


class StatsViewSet(GenericViewSet[WorkflowExecution]):
    """What the runs of one workflow came to."""

    queryset = WorkflowExecution.objects.none()
    serializer_class = StatsSerializer
    filter_backends = ()
    pagination_class = None

    @extend_schema(
        operation_id="read_stats",
        summary="How a workflow did",
        tags=["executions"],
        parameters=[StatsQuerySerializer],
    )
    def retrieve(self, request: Request, workflow_id: str) -> Response:
        """Runs, success, durations and usage of the last days, by day, version and step."""
        rows = workflows_for(request.user).only(
            "id", "is_template", "created_by_id", "published_version"
        )
        workflow = get_object_or_404(rows, pk=workflow_id)
        seen = seen_runs(workflow, caller(request))
        query = StatsQuerySerializer(data=request.query_params.dict())
        query.is_valid(raise_exception=True)
        zone = query.validated_data["tz"]
        period = stats.last_days(query.validated_data["days"], timezone.now(), zone)
        found = stats.stats_of(seen, period)
        answer = {
            "workflow_id": workflow_id,
            "drift": drift_count(workflow.pk, workflow.published_version),
            **found,
        }
        return Response(self.get_serializer(answer).data)
