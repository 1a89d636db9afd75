"""The versions of a workflow over REST."""

from django.db.models import QuerySet
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.generics import GenericAPIView
from rest_framework.request import Request
from rest_framework.response import Response

from common.errors import Invalid
from common.rest import caller
from workflows import services
from workflows.api import conditional
from workflows.api.canvas_serializers import DiffSerializer
from workflows.api.conditional import expected_revision
from workflows.api.serializers import (
    VersionRowSerializer,
    VersionSerializer,
    WorkflowWrittenSerializer,
)
from workflows.api.views import STALE, WorkflowScopedView, visible_workflow, written
from workflows.definition.diff import difference, json_patch, summary
from workflows.models import WorkflowVersion
from workflows.selectors import definition_of, version_of

NUMBER = {"type": "integer", "minimum": 1, "maximum": 2**31 - 1}
VERSIONS = [
    OpenApiParameter("from", NUMBER, description="The older version; absent: the one before `to`."),
    OpenApiParameter("to", NUMBER, description="The newer version; absent: the current one."),
]
VERSION = OpenApiParameter("version", NUMBER, description="Absent: the current one.")


def version_number(request: Request, name: str, absent: int) -> int:
    """The version that the parameter `name` names; raises `Invalid` for what is no number of a version."""
    given = request.query_params.get(name)
    if given is None:
        return absent
    if not (given.isascii() and given.isdecimal() and 0 < int(given[:10]) < 2**31):
        detail = f"{name} is the number of a version."
        raise Invalid(detail, code=f"invalid_{name}", parameter=name)
    return int(given)


class VersionsView(GenericAPIView[WorkflowVersion]):
    """All versions of a workflow."""

    queryset = WorkflowVersion.objects.none()
    serializer_class = VersionRowSerializer
    ordering_fields = ["number"]
    ordering = "-number"

    def get_queryset(self) -> QuerySet[WorkflowVersion]:
        """The versions of the workflow of the address, without their definitions."""
        workflow = visible_workflow(self.request, self.kwargs["workflow_id"])
        return workflow.versions.select_related("created_by").defer("definition_json")

    @extend_schema(
        operation_id="list_versions",
        summary="List versions",
        tags=["versions"],
        responses={200: VersionRowSerializer(many=True)},
    )
    def get(self, request: Request, workflow_id: str) -> Response:
        """The versions, newest first, without their definitions."""
        page = self.paginate_queryset(self.get_queryset())
        return self.get_paginated_response(VersionRowSerializer(page, many=True).data)


class VersionView(WorkflowScopedView):
    """One version of a workflow."""

    serializer_class = VersionSerializer  # type: ignore[assignment]

    @extend_schema(
        operation_id="read_version",
        summary="Read a version",
        tags=["versions"],
        responses={200: VersionSerializer},
    )
    def get(self, request: Request, workflow_id: str, number: int) -> Response:
        """The version with its definition."""
        return Response(VersionSerializer(version_of(self.workflow(), number)).data)


class DiffView(WorkflowScopedView):
    """Two versions of a workflow."""

    @extend_schema(
        operation_id="diff_versions",
        summary="Compare two versions",
        tags=["versions"],
        parameters=VERSIONS,
        responses={200: DiffSerializer},
    )
    def get(self, request: Request, workflow_id: str) -> Response:
        """What the newer does differently: steps, fields, edges, settings; and as JSON Patch."""
        workflow = self.workflow()
        last = version_number(request, "to", workflow.version)
        first = version_number(request, "from", max(last - 1, 1))
        _, before = definition_of(workflow, first)
        _, after = definition_of(workflow, last)
        changes = difference(before, after)
        shown = {
            **vars(changes),
            "from_version": first,
            "to_version": last,
            "summary": summary(changes),
            "json_patch": json_patch(before, after),
        }
        return Response(DiffSerializer(shown).data)


class VersionRestoreView(WorkflowScopedView):
    """An older version of a workflow."""

    @extend_schema(
        operation_id="restore_version",
        summary="Restore a version",
        tags=["versions"],
        request=None,
        parameters=conditional.HEADERS,
        responses={200: WorkflowWrittenSerializer, 412: STALE},
    )
    def post(self, request: Request, workflow_id: str, number: int) -> Response:
        """Make its definition the current one again, as a new version."""
        restored = services.restore_version(
            self.workflow(),
            number=number,
            by=caller(request),
            expected_revision=expected_revision(request),
        )
        return written(restored, request)
