"""Events over REST: as JSON, or as a stream of server-sent events that goes on until the source has ended."""

from collections.abc import Callable
from typing import Any

from django.conf import settings
from django.contrib.auth.models import User
from django.http import HttpResponse
from django.http.response import HttpResponseBase
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, OpenApiResponse
from rest_framework import serializers
from rest_framework.exceptions import NotAcceptable
from rest_framework.renderers import JSONRenderer
from rest_framework.request import Request
from rest_framework.response import Response

from common.credentials import still_logged_in
from common.handed_over import hand_over
from common.live.source import Source, State
from common.live.stream import Viewer, event_stream
from common.live.waiting import MAX_EVENTS, await_events

STREAM = "text/event-stream"
MAX_WAIT_SECONDS = 60
NOT_STREAMED = OpenApiResponse(
    description="This server can't stream: ask for JSON, with `after` and `wait`."
)
LAST_EVENT_ID = OpenApiParameter(
    "Last-Event-ID",
    int,
    OpenApiParameter.HEADER,
    description="Of a stream: go on after this number; counts more than `after`.",
)


def event_responses(serializer: type[serializers.Serializer[Any]], stream: str) -> dict[Any, Any]:
    """For the OpenAPI file: JSON by `serializer`, a stream that `stream` describes, or the refusal to stream."""
    return {
        (200, "application/json"): serializer,
        (200, STREAM): OpenApiResponse(OpenApiTypes.STR, description=stream),
        406: NOT_STREAMED,
    }


class EventStreamRenderer(JSONRenderer):
    """Lets a client ask for the stream; refusals are JSON all the same."""

    media_type = STREAM
    # No word of its own for `?format=`: a client says what it wants in `Accept`.
    format = JSONRenderer.format


class EventQuerySerializer(serializers.Serializer[Any]):
    """`?after=&limit=&wait=` of the events."""

    after = serializers.IntegerField(min_value=0, max_value=2**63 - 1, default=0)
    limit = serializers.IntegerField(min_value=1, max_value=MAX_EVENTS, default=MAX_EVENTS)
    wait = serializers.FloatField(
        min_value=0,
        max_value=MAX_WAIT_SECONDS,
        default=0,
        help_text="Seconds to wait for the first event.",
    )


def answer_events(
    request: Request,
    source: Source,
    state: State,
    *,
    serializer: type[serializers.Serializer[Any]],
    may_see: Callable[[User], bool],
) -> HttpResponseBase:
    """What the client asks for: a stream, or JSON by `serializer` of `{results, last, is_finished}`.

    `state` is as the view has just read it; `may_see` is asked again and again while a stream lasts.
    """
    query = EventQuerySerializer(data=_query(request))
    query.is_valid(raise_exception=True)
    if request.accepted_renderer.media_type == STREAM:
        return _stream(request, source, state, query.validated_data["after"], may_see)
    body = _body(source, state, **query.validated_data)
    return Response(serializer(body).data)


def _query(request: Request) -> dict[str, Any]:
    given = request.query_params.dict()
    last = request.headers.get("Last-Event-ID")
    return given if last is None else {**given, "after": last}


def _body(source: Source, state: State, *, after: int, limit: int, wait: float) -> dict[str, Any]:
    is_final = state.is_final
    if wait:
        found, is_final = await_events(source, after, wait, limit)
    else:
        found = source.events(after, limit)
    last = found[-1].number if found else after
    return {"results": found, "last": last, "is_finished": is_final}


def _stream(
    request: Request, source: Source, state: State, after: int, may_see: Callable[[User], bool]
) -> HttpResponseBase:
    user_now = still_logged_in(request)

    def still_may_see() -> bool:
        user = user_now()
        return user is not None and may_see(user)

    viewer = Viewer(
        source=source,
        # Of a number that does not exist nothing would ever follow.
        after=min(after, state.last),
        may_see=still_may_see,
        heartbeat_seconds=settings.EVENTS_HEARTBEAT_SECONDS,
    )
    is_look = request.method == "HEAD"
    if not is_look and not hand_over(request._request, lambda: event_stream(viewer)):
        raise NotAcceptable("This server can't stream. Ask for JSON, with `after` and `wait`.")
    # Proxies must neither keep nor collect it.
    headers = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}
    return HttpResponse(content_type=f"{STREAM}; charset=utf-8", headers=headers)
