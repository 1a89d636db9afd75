"""Events of a run over REST: as JSON, or as a stream that goes on until the run has ended."""

from django.http.response import HttpResponseBase
from drf_spectacular.utils import extend_schema
from rest_framework.generics import get_object_or_404
from rest_framework.request import Request
from rest_framework.viewsets import GenericViewSet

from common.live.rest import (
    LAST_EVENT_ID,
    EventQuerySerializer,
    EventStreamRenderer,
    answer_events,
    event_responses,
)
from executions.api.serializers import EventsSerializer
from executions.events import source_of, state_of
from executions.models import WorkflowExecution
from executions.selectors import readable_executions


class ExecutionEventViewSet(GenericViewSet[WorkflowExecution]):
    """What happened in a run that the caller may see."""

    queryset = WorkflowExecution.objects.none()
    serializer_class = EventsSerializer
    renderer_classes = (*GenericViewSet.renderer_classes, EventStreamRenderer)
    pagination_class = None
    filter_backends = ()

    @extend_schema(
        operation_id="follow_execution",
        summary="Follow a run",
        tags=["executions"],
        parameters=[EventQuerySerializer, LAST_EVENT_ID],
        responses=event_responses(EventsSerializer, "Server-sent events until the run has ended."),
        filters=False,
    )
    def events(self, request: Request, execution_id: str) -> HttpResponseBase:
        """What happened after event `after`; with `wait` the answer comes with the first news.

        With `Accept: text/event-stream` the answer is a stream of server-sent events that ends with the run.
        """
        execution = get_object_or_404(readable_executions(request.user), pk=execution_id)
        return answer_events(
            request,
            source_of(execution.pk),
            state_of(execution),
            serializer=EventsSerializer,
            may_see=lambda user: readable_executions(user).filter(pk=execution.pk).exists(),
        )
