"""A workflow as an editor draws it: nodes, edges, positions, and a picture."""

from collections.abc import Mapping
from typing import Any

from django.http import HttpResponse
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from common.errors import Conflict
from common.rest import caller
from workflows.api import conditional
from workflows.api.canvas_serializers import (
    CanvasLayoutSerializer,
    CanvasSerializer,
    CanvasWriteSerializer,
    EditedSerializer,
    NodePositionSerializer,
)
from workflows.api.conditional import etag, expected_revision
from workflows.api.steps import edited_answer
from workflows.api.versions import VERSION, version_number
from workflows.api.views import STALE, WorkflowScopedView
from workflows.checking import checked, described
from workflows.definition.canvas import positions
from workflows.definition.canvas_json import canvas
from workflows.definition.canvas_reading import definition_of_canvas
from workflows.definition.steps import Definition
from workflows.definition.svg import draw_svg
from workflows.editing import edit_workflow, place_step
from workflows.identifiers import require_same_id
from workflows.models import Workflow
from workflows.selectors import catalogue_for, definition_of

# A drawing brings its own styles and nothing else.
DRAWING_POLICY = "default-src 'none'; style-src 'unsafe-inline'"


def canvas_answer(
    workflow: Workflow, definition: Definition, layout: Mapping[str, Any]
) -> Response:
    """The canvas with the revision it shows."""
    shown = canvas(definition, layout).to_json()
    shown |= {"version": workflow.version, "revision": workflow.revision}
    headers = {"ETag": etag(workflow.revision)}
    return Response(CanvasSerializer(shown).data, headers=headers)


class CanvasView(WorkflowScopedView):
    """The canvas of a workflow."""

    serializer_class = CanvasWriteSerializer

    @extend_schema(
        operation_id="read_canvas",
        summary="Read the canvas",
        tags=["canvas"],
        parameters=[conditional.ETAG],
        responses={200: CanvasSerializer},
    )
    def get(self, request: Request, workflow_id: str) -> Response:
        """Nodes and edges; a step without a stored position stands where the layout puts it."""
        workflow = self.workflow()
        _, definition = definition_of(workflow)
        return canvas_answer(workflow, definition, workflow.layout)

    @extend_schema(
        operation_id="replace_canvas",
        summary="Replace the canvas",
        tags=["canvas"],
        request=CanvasWriteSerializer,
        parameters=conditional.HEADERS,
        responses={200: EditedSerializer, 412: STALE},
    )
    def put(self, request: Request, workflow_id: str) -> Response:
        """Store what an editor holds: its definition, or its nodes and edges; and the positions.

        Nothing in the place of steps is refused (409 `confirmation_required`) unless `confirm` says that it is meant.
        """
        workflow, body = self.workflow(), self.body()
        if "definition" in body:
            require_same_id(workflow, body["definition"].get("id"), pointer="/definition/id")

        def edit(before: Definition) -> Definition:
            after = _drawn(before, body, request)
            _require_meant(before, after, is_confirmed=body["confirm"])
            return after

        edited = edit_workflow(
            workflow,
            edit,
            by=caller(request),
            layout=_layout(body),
            expected_revision=_expected(request, body),
            message=body["message"],
        )
        return edited_answer(edited)


class NodePositionView(WorkflowScopedView):
    """Where one node stands."""

    serializer_class = NodePositionSerializer

    @extend_schema(
        operation_id="move_node",
        summary="Move a node on the canvas",
        tags=["canvas"],
        request=NodePositionSerializer,
        responses={200: NodePositionSerializer},
    )
    def put(self, request: Request, workflow_id: str, step_id: str) -> Response:
        """Keep it; this is no new revision, and the last writer of a node wins."""
        body = self.body()
        place_step(self.workflow(), step_id, by=caller(request), **body)
        return Response(body)


class CanvasLayoutView(WorkflowScopedView):
    """The server's own layout: from top to bottom, in declared order, nothing over anything else."""

    serializer_class = CanvasLayoutSerializer

    @extend_schema(
        operation_id="layout_canvas",
        summary="Tidy the canvas up",
        tags=["canvas"],
        request=CanvasLayoutSerializer,
        parameters=conditional.HEADERS,
        responses={200: CanvasSerializer, 412: STALE},
    )
    def post(self, request: Request, workflow_id: str) -> Response:
        """The canvas tidied up; with `save` the stored positions are replaced."""
        workflow, body = self.workflow(), self.body()
        if "definition" in body:
            _, stored = definition_of(workflow)
            definition = _of(body["definition"], stored, request)
            return canvas_answer(workflow, definition, {})
        _, definition = definition_of(workflow)
        if body["save"]:
            edited = edit_workflow(
                workflow,
                lambda stored: stored,
                by=caller(request),
                layout=positions(definition),
                expected_revision=expected_revision(request),
            )
            workflow = edited.workflow
        return canvas_answer(workflow, definition, {})


class PreviewView(WorkflowScopedView):
    """A picture of a workflow."""

    @extend_schema(
        operation_id="draw_preview",
        summary="Draw a workflow as SVG",
        tags=["canvas"],
        parameters=[VERSION],
        responses={(200, "image/svg+xml"): OpenApiTypes.STR},
    )
    def get(self, request: Request, workflow_id: str) -> HttpResponse:
        """An SVG with the steps as text in `<desc>`; its colours follow the reader's light or dark."""
        workflow = self.workflow()
        number, definition = definition_of(
            workflow, version_number(request, "version", workflow.version)
        )
        return HttpResponse(
            draw_svg(definition),
            content_type="image/svg+xml",
            headers={
                "ETag": f'"v{number}"',
                "Cache-Control": "private, no-cache",
                "Content-Security-Policy": DRAWING_POLICY,
            },
        )


def _drawn(before: Definition, body: Mapping[str, Any], request: Request) -> Definition:
    """What the body says the definition is to be; raises what `edit_workflow` translates."""
    if "nodes" in body:
        nodes = body["nodes"]
        first = next((node["id"] for node in nodes if node["parent"] is None), None)
        entry = body.get("entry_step", first)
        return definition_of_canvas(before, nodes, body.get("edges", []), entry_step=entry)
    return _of(body["definition"], before, request)


def _require_meant(before: Definition, after: Definition, *, is_confirmed: bool) -> None:
    """An editor that failed to load sends an empty canvas; what runs the current version would do nothing at once."""
    if before.steps and not after.steps and not is_confirmed:
        raise Conflict(
            f"This would take away all {len(before.steps)} steps. Send confirm: true if it is meant.",
            code="confirmation_required",
        )


def _of(given: Mapping[str, Any], stored: Definition, request: Request) -> Definition:
    """The definition that was sent, with the stored id and, where it has none, the stored name."""
    name = stored.name if given.get("name") is None else given["name"]
    made, _ = checked(described(given, id=stored.id, name=name), catalogue_for(caller(request)))
    return made


def _expected(request: Request, body: Mapping[str, Any]) -> int | None:
    """The revision that was read: what `If-Match` says, else the canvas's own; null: any."""
    told = expected_revision(request)
    return body.get("revision") if told is None else told


def _layout(body: Mapping[str, Any]) -> Mapping[str, Any] | None:
    """The positions that came; null: the stored ones stay."""
    placed = {node["id"]: node["position"] for node in body.get("nodes", ()) if "position" in node}
    if "layout" not in body and not placed:
        return None
    return {**placed, **body.get("layout", {})}
