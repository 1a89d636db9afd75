"""What happens in a job, followed live, and what the model answered in it."""

from django.db.models import QuerySet
from django.http.response import HttpResponseBase
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.viewsets import GenericViewSet

from common.live.rest import (
    LAST_EVENT_ID,
    EventQuerySerializer,
    EventStreamRenderer,
    answer_events,
    event_responses,
)
from generation.api.serializers import GenerationAnswersSerializer, GenerationEventsSerializer
from generation.jobs.events import source_of, state_of
from generation.models import Generation
from generation.selectors import generations_for


class GenerationJobViewSet(GenericViewSet[Generation]):
    """The inside of the caller's generations."""

    queryset = Generation.objects.none()
    lookup_url_kwarg = "generation_id"
    pagination_class = None
    filter_backends = ()

    def get_queryset(self) -> QuerySet[Generation]:
        """Starts from the caller: their own, and all for staff. Groups share no generations."""
        return generations_for(self.request.user).defer("result", "problems")

    @extend_schema(
        operation_id="read_model_calls",
        summary="Read the model's answers",
        tags=["generation"],
        responses=GenerationAnswersSerializer,
        filters=False,
    )
    def answers(self, request: Request, generation_id: str) -> Response:
        """Every call of a model with its purpose, its answer word for word and what it counts."""
        calls = self.get_object().calls.order_by("number")
        return Response(GenerationAnswersSerializer({"results": calls}).data)


class GenerationEventViewSet(GenerationJobViewSet):
    """The events of the caller's generations."""

    serializer_class = GenerationEventsSerializer
    renderer_classes = (*GenericViewSet.renderer_classes, EventStreamRenderer)

    @extend_schema(
        operation_id="follow_generation",
        summary="Follow a generation",
        tags=["generation"],
        parameters=[EventQuerySerializer, LAST_EVENT_ID],
        responses=event_responses(
            GenerationEventsSerializer, "Server-sent events until the job has ended."
        ),
        filters=False,
    )
    def events(self, request: Request, generation_id: str) -> HttpResponseBase:
        """What happened after event `after`; with `wait` the answer comes with the first news.

        With `Accept: text/event-stream` the answer is a stream of server-sent events that ends with the job.
        """
        generation = self.get_object()
        return answer_events(
            request,
            source_of(generation.pk),
            state_of(generation),
            serializer=GenerationEventsSerializer,
            may_see=lambda user: generations_for(user).filter(pk=generation.pk).exists(),
        )
