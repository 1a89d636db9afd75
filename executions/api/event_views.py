"""Events of a run over REST: as JSON, or as a stream that goes on until the run has ended."""

from collections.abc import Callable
from typing import Any

from django.conf import settings
from django.http import HttpResponse
from django.http.response import HttpResponseBase
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, OpenApiResponse, extend_schema
from rest_framework.exceptions import NotAcceptable
from rest_framework.generics import get_object_or_404
from rest_framework.renderers import JSONRenderer
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.viewsets import GenericViewSet

from common.credentials import still_logged_in
from common.handed_over import hand_over
from executions.api.serializers import EventQuerySerializer, EventsSerializer
from executions.events import await_events, events_after
from executions.live.stream import Viewer, event_stream
from executions.models import WorkflowExecution
from executions.selectors import readable_executions

STREAM = "text/event-stream"
LAST_EVENT_ID = OpenApiParameter(
    "Last-Event-ID",
    int,
    OpenApiParameter.HEADER,
    description="Of a stream: go on after this number; counts more than `after`.",
)


class EventStreamRenderer(JSONRenderer):
    """Lets a client ask for the stream; refusals are JSON all the same."""

    media_type = STREAM
    # No word of its own for `?format=`: a client says what it wants in `Accept`.
    format = JSONRenderer.format


class ExecutionEventViewSet(GenericViewSet[WorkflowExecution]):
    """What happened in a run that the caller may see."""

    queryset = WorkflowExecution.objects.none()
    serializer_class = EventsSerializer
    renderer_classes = (*GenericViewSet.renderer_classes, EventStreamRenderer)
    pagination_class = None
    filter_backends = ()

    @extend_schema(
        operation_id="executions_events",
        tags=["executions"],
        parameters=[EventQuerySerializer, LAST_EVENT_ID],
        responses={
            (200, "application/json"): EventsSerializer,
            (200, STREAM): OpenApiResponse(
                OpenApiTypes.STR, description="Server-sent events until the run has ended."
            ),
        },
        filters=False,
    )
    def events(self, request: Request, execution_id: str) -> HttpResponseBase:
        """What happened after event `after`; with `wait` the answer comes with the first news.

        With `Accept: text/event-stream` the answer is a stream of server-sent events that ends with the run.
        """
        execution = get_object_or_404(readable_executions(request.user), pk=execution_id)
        query = EventQuerySerializer(data=_query(request))
        query.is_valid(raise_exception=True)
        if request.accepted_renderer.media_type == STREAM:
            return _stream(request, execution, query.validated_data["after"])
        return _answer(execution, **query.validated_data)


def _query(request: Request) -> dict[str, Any]:
    given = request.query_params.dict()
    last = request.headers.get("Last-Event-ID")
    return given if last is None else {**given, "after": last}


def _answer(execution: WorkflowExecution, *, after: int, limit: int, wait: float) -> Response:
    found = (
        await_events(execution, after, wait, limit)
        if wait
        else events_after(execution, after, limit)
    )
    last = found[-1].number if found else after
    body = {"results": found, "last": last, "is_finished": execution.is_finished}
    return Response(EventsSerializer(body).data)


def _stream(request: Request, execution: WorkflowExecution, after: int) -> HttpResponseBase:
    viewer = Viewer(
        execution_id=execution.pk,
        # Of a number that does not exist nothing would ever follow.
        after=min(after, execution.last_event_number),
        may_see=_may_see(request, execution.pk),
        heartbeat_seconds=settings.EVENTS_HEARTBEAT_SECONDS,
    )
    is_look = request.method == "HEAD"
    if not is_look and not hand_over(request._request, lambda: event_stream(viewer)):
        raise NotAcceptable("This server can't stream. Ask for JSON, with `after` and `wait`.")
    # Proxies must neither keep nor collect it.
    headers = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}
    return HttpResponse(content_type=f"{STREAM}; charset=utf-8", headers=headers)


def _may_see(request: Request, execution_id: str) -> Callable[[], bool]:
    user_now = still_logged_in(request)

    def may_see() -> bool:
        user = user_now()
        return user is not None and readable_executions(user).filter(pk=execution_id).exists()

    return may_see
