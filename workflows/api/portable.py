"""Export and import over REST."""

from typing import Any

from django.http import HttpResponse
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema
from rest_framework import serializers, status
from rest_framework.generics import GenericAPIView
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from common.rest import StrictFieldsMixin, caller
from workflows.api.conditional import LOCATION
from workflows.api.fields import DocumentField
from workflows.api.serializers import IdField, ValidationReportSerializer
from workflows.api.versions import VERSION, version_number
from workflows.api.views import WorkflowScopedView
from workflows.definition.mermaid import mermaid
from workflows.models import Workflow
from workflows.portable.document import SCHEMA
from workflows.portable.exporting import export_workflow
from workflows.portable.importing import ImportRequest, import_workflow
from workflows.selectors import definition_of


class ImportSerializer(StrictFieldsMixin):
    """A document and what to do with it."""

    document = DocumentField(
        help_text="What `export` answered; its schema: /workflows/import/schema."
    )
    id = IdField(required=False, help_text="Absent: the document's, or one like it if it is taken.")
    agents = serializers.DictField(
        child=serializers.CharField(max_length=100),
        required=False,
        help_text="The document's agent ids to yours.",
    )
    mcps = serializers.DictField(
        child=serializers.CharField(max_length=100),
        required=False,
        help_text="The document's MCP server ids to yours.",
    )
    dry_run = serializers.BooleanField(
        required=False, default=False, help_text="Only tell what would be made, used and missing."
    )


class MissingServerSerializer(serializers.Serializer[Any]):
    """A server that you lack, as the document describes it."""

    id = serializers.CharField()
    name = serializers.CharField(required=False)
    description = serializers.CharField(required=False)
    transport = serializers.CharField(required=False)
    url = serializers.CharField(required=False)
    tools = serializers.ListField(child=serializers.CharField(), required=False)


class ImportedSerializer(serializers.Serializer[Any]):
    """What came, or would come, of an import."""

    workflow_id = serializers.CharField()
    is_new = serializers.BooleanField(help_text="False: the same import was made before.")
    agents_created = serializers.DictField(child=serializers.CharField())
    agents_mapped = serializers.DictField(child=serializers.CharField())
    mcps_mapped = serializers.DictField(source="servers_mapped", child=serializers.CharField())
    missing_agents = serializers.ListField(child=serializers.CharField())
    missing_mcps = MissingServerSerializer(source="missing_servers", many=True)
    missing_workflows = serializers.ListField(child=serializers.CharField())
    warnings = serializers.ListField(child=serializers.CharField())
    validation = ValidationReportSerializer(source="report")


class ExportView(WorkflowScopedView):
    """A workflow to take elsewhere."""

    @extend_schema(
        operation_id="export_workflow",
        summary="Export a workflow",
        parameters=[VERSION],
        responses={(200, "application/json"): OpenApiTypes.OBJECT},
    )
    def get(self, request: Request, workflow_id: str) -> Response:
        """One document: the workflow, its agents, its servers without what opens them."""
        workflow = self.workflow()
        number = version_number(request, "version", workflow.version)
        document = export_workflow(workflow, by=caller(request), version=number)
        name = f'attachment; filename="{workflow.pk}.workflow.json"'
        return Response(document.model_dump(mode="json"), headers={"Content-Disposition": name})


class MermaidView(WorkflowScopedView):
    """A workflow as text that draws itself."""

    @extend_schema(
        operation_id="draw_mermaid",
        summary="Draw a workflow as Mermaid",
        tags=["canvas"],
        parameters=[VERSION],
        responses={(200, "text/plain"): OpenApiTypes.STR},
    )
    def get(self, request: Request, workflow_id: str) -> HttpResponse:
        """A Mermaid flowchart."""
        workflow = self.workflow()
        number = version_number(request, "version", workflow.version)
        _, definition = definition_of(workflow, number)
        return HttpResponse(mermaid(definition), content_type="text/plain; charset=utf-8")


class ImportView(GenericAPIView[Workflow]):
    """Workflows from elsewhere."""

    queryset = Workflow.objects.none()
    serializer_class = ImportSerializer
    pagination_class = None

    @extend_schema(
        operation_id="import_workflow",
        summary="Import a workflow",
        request=ImportSerializer,
        parameters=[LOCATION],
        responses={200: ImportedSerializer, 201: ImportedSerializer},
    )
    def post(self, request: Request) -> Response:
        """Make the workflow and the agents you lack; 200 for a dry run, and where it was imported before."""
        serializer = self.get_serializer(data=request.data)
        serializer.is_valid(raise_exception=True)
        body = serializer.validated_data
        made = import_workflow(
            ImportRequest(
                document=body["document"],
                id=body.get("id"),
                agents=body.get("agents", {}),
                servers=body.get("mcps", {}),
                is_dry_run=body["dry_run"],
            ),
            by=caller(request),
        )
        is_stored = made.is_new and not body["dry_run"]
        code = status.HTTP_201_CREATED if is_stored else status.HTTP_200_OK
        headers = {"Location": f"/api/v1/workflows/{made.workflow_id}"} if is_stored else {}
        return Response(ImportedSerializer(made).data, status=code, headers=headers)


class ImportSchemaView(APIView):
    """The shape of exported workflows."""

    @extend_schema(
        operation_id="read_document_schema",
        summary="Read the schema of exported workflows",
        responses={(200, "application/json"): OpenApiTypes.OBJECT},
    )
    def get(self, request: Request) -> Response:
        """A JSON Schema (draft 2020-12)."""
        return Response(SCHEMA)
