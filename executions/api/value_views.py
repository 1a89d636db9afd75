"""Whole values as downloads: of a run, of a step, of a tool call."""

import re
from collections.abc import AsyncIterator, Callable, Iterator
from typing import Any

from django.http import HttpResponse, StreamingHttpResponse
from django.http.response import HttpResponseBase
from drf_spectacular.utils import OpenApiResponse, extend_schema
from rest_framework.generics import get_object_or_404
from rest_framework.request import Request
from rest_framework.viewsets import GenericViewSet

from common.handed_over import hand_over
from common.live.pages import in_reading_thread
from executions.models import StepRun, ToolCall, WorkflowExecution
from executions.reading.downloads import conversation_of, json_of
from executions.selectors import readable_executions

WHOLE = OpenApiResponse(
    {"description": "Any JSON value."}, description="The value, of whatever size, as a download."
)
NO_NAME = re.compile(r"[^\w.@-]+")


def _schema(operation_id: str, summary: str) -> Callable[[Any], Any]:
    responses = {(200, "application/json"): WHOLE}
    return extend_schema(
        operation_id=operation_id, summary=summary, tags=["executions"], responses=responses
    )


class ValueViewSet(GenericViewSet[WorkflowExecution]):
    """Values of runs that the caller may see, sent in pieces."""

    queryset = WorkflowExecution.objects.none()
    pagination_class = None
    filter_backends = ()

    @_schema("download_input", "Download a run's input")
    def run_input(self, request: Request, execution_id: str) -> HttpResponseBase:
        """The run's `input`."""
        return _download(request, json_of(self._run(), "input_json"), execution_id, "input")

    @_schema("download_output", "Download a run's output")
    def run_output(self, request: Request, execution_id: str) -> HttpResponseBase:
        """The run's output."""
        return _download(request, json_of(self._run(), "output_json"), execution_id, "output")

    @_schema("download_step_input", "Download a step's input")
    def step_input(self, request: Request, execution_id: str, path: str) -> HttpResponseBase:
        """A step's resolved input."""
        pieces = json_of(self._step(path), "input_json")
        return _download(request, pieces, execution_id, path, "input")

    @_schema("download_step_output", "Download a step's output")
    def step_output(self, request: Request, execution_id: str, path: str) -> HttpResponseBase:
        """A step's output."""
        pieces = json_of(self._step(path), "output_json")
        return _download(request, pieces, execution_id, path, "output")

    @_schema("download_step_messages", "Download an agent's messages")
    def step_messages(self, request: Request, execution_id: str, path: str) -> HttpResponseBase:
        """An agent's whole conversation."""
        step_run = self._step(path).only("execution_id", "reused_from_id").get()
        pieces = conversation_of(step_run.origin_id, path)
        return _download(request, pieces, execution_id, path, "messages")

    @_schema("download_call_arguments", "Download a tool call's arguments")
    def call_arguments(self, request: Request, execution_id: str, call_id: int) -> HttpResponseBase:
        """What a tool was called with."""
        pieces = json_of(self._call(call_id), "arguments")
        return _download(request, pieces, execution_id, str(call_id), "arguments")

    @_schema("download_call_result", "Download a tool call's result")
    def call_result(self, request: Request, execution_id: str, call_id: int) -> HttpResponseBase:
        """What a tool answered."""
        pieces = json_of(self._call(call_id), "result")
        return _download(request, pieces, execution_id, str(call_id), "result")

    def _run(self) -> Any:
        execution_id = self.kwargs["execution_id"]
        visible = readable_executions(self.request.user).only("pk")
        return WorkflowExecution.objects.filter(pk=get_object_or_404(visible, pk=execution_id).pk)

    def _step(self, path: str) -> Any:
        rows = StepRun.objects.filter(execution__in=self._run(), path=path)
        return StepRun.objects.filter(pk=get_object_or_404(rows.only("pk")).pk)

    def _call(self, call_id: int) -> Any:
        rows = ToolCall.objects.filter(execution__in=self._run(), pk=call_id)
        return ToolCall.objects.filter(pk=get_object_or_404(rows.only("pk")).pk)


def _download(request: Request, pieces: Iterator[bytes], *name: str) -> HttpResponseBase:
    """The pieces as they are read; without ASGI in one thread, with it in the few that streams share."""
    file = NO_NAME.sub("-", "-".join(name))[:200]
    headers = {
        "Content-Type": "application/json",
        "Content-Disposition": f'attachment; filename="{file}.json"',
        "Cache-Control": "no-store",
    }
    if request.method == "HEAD" or hand_over(request._request, lambda: _in_threads(pieces)):
        return HttpResponse(headers=headers)
    return StreamingHttpResponse(pieces, headers=headers)


async def _in_threads(pieces: Iterator[bytes]) -> AsyncIterator[bytes]:
    while (piece := await in_reading_thread(lambda: next(pieces, None))) is not None:
        yield piece
