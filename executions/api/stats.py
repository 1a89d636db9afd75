"""Statistics of a workflow over REST."""

from django.db.models import QuerySet
from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework.generics import get_object_or_404
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.viewsets import GenericViewSet

from executions.api.stats_serializers import StatsQuerySerializer, StatsSerializer
from executions.models import WorkflowExecution
from executions.reading import stats
from executions.selectors import executions_for
from workflows.selectors import workflows_for


class StatsViewSet(GenericViewSet[WorkflowExecution]):
    """What the runs of one workflow came to."""

    queryset = WorkflowExecution.objects.none()
    serializer_class = StatsSerializer
    filter_backends = ()
    pagination_class = None

    def get_queryset(self) -> QuerySet[WorkflowExecution]:
        """Those of this workflow that the caller may see; 404 for a workflow that is not the caller's to see."""
        workflows = workflows_for(self.request.user).defer("definition_json", "layout")
        workflow = get_object_or_404(workflows, pk=self.kwargs["workflow_id"])
        return executions_for(self.request.user).filter(workflow=workflow)

    @extend_schema(
        operation_id="read_stats",
        summary="How a workflow did",
        tags=["executions"],
        parameters=[StatsQuerySerializer],
    )
    def retrieve(self, request: Request, workflow_id: str) -> Response:
        """Runs, success, durations and usage of the last days, by day, version and step."""
        runs = self.get_queryset()
        query = StatsQuerySerializer(data=request.query_params.dict())
        query.is_valid(raise_exception=True)
        zone = query.validated_data["tz"]
        period = stats.last_days(query.validated_data["days"], timezone.now(), zone)
        found = stats.stats_of(runs, period)
        return Response(self.get_serializer({"workflow_id": workflow_id, **found}).data)
