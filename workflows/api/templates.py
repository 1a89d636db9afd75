"""Templates over REST."""

from typing import Any

from django.db.models import QuerySet
from drf_spectacular.utils import extend_schema
from rest_framework import serializers, status
from rest_framework.generics import GenericAPIView
from rest_framework.request import Request
from rest_framework.response import Response

from common.errors import NotFound
from common.rest import StrictFieldsMixin, caller
from workflows import services
from workflows.api import conditional, idempotency
from workflows.api.conditional import etag
from workflows.api.filters import TemplateFilter
from workflows.api.idempotency import idempotency_of
from workflows.api.serializers import (
    IdField,
    NameField,
    WorkflowSerializer,
    WorkflowWrittenSerializer,
)
from workflows.api.views import written
from workflows.definition.catalogue import Catalogue
from workflows.models import Workflow
from workflows.needs import needs_of
from workflows.selectors import catalogue_for, templates_for


class NeedSerializer(serializers.Serializer[Any]):
    """Something that a template uses."""

    id = serializers.CharField()
    is_missing = serializers.BooleanField(help_text="You have none with this id.")


class NeedsSerializer(serializers.Serializer[Any]):
    """Everything that a template uses."""

    agents = NeedSerializer(many=True)
    mcps = NeedSerializer(many=True)


class TemplateSerializer(WorkflowSerializer):
    """A template with what it needs to run."""

    needs = serializers.SerializerMethodField()

    class Meta(WorkflowSerializer.Meta):
        fields = [
            *(name for name in WorkflowSerializer.Meta.fields if name != "message"),
            "needs",
        ]

    message = None  # type: ignore[assignment]

    def get_needs(self, template: Workflow) -> NeedsSerializer:
        """The agents and MCP servers it uses, and which of them the caller lacks."""
        catalogue: Catalogue = self.context["catalogue"]
        return NeedsSerializer(needs_of(template.definition_json, catalogue)).data  # type: ignore[return-value]


class TemplateRowSerializer(TemplateSerializer):
    """A template in a list."""

    class Meta(TemplateSerializer.Meta):
        fields = [
            name for name in TemplateSerializer.Meta.fields if name not in ("definition", "layout")
        ]

    definition = None  # type: ignore[assignment]
    layout = None  # type: ignore[assignment]


class InstantiateSerializer(StrictFieldsMixin):
    """What the workflow made from a template is called and uses."""

    id = IdField(required=False)
    name = NameField(required=False)
    agents = serializers.DictField(
        child=serializers.CharField(max_length=100),
        required=False,
        help_text="The template's agent ids to yours.",
    )
    mcps = serializers.DictField(
        child=serializers.CharField(max_length=100),
        required=False,
        help_text="The template's MCP server ids to yours.",
    )


class TemplatesView(GenericAPIView[Workflow]):
    """All templates that the caller may copy."""

    queryset = Workflow.objects.none()
    serializer_class = TemplateRowSerializer
    filterset_class = TemplateFilter
    ordering_fields = ["name", "updated_at", "id"]
    ordering = "name"

    def get_queryset(self) -> QuerySet[Workflow]:
        """The templates with what a row shows."""
        rows = templates_for(caller(self.request)).select_related("created_by")
        return rows.defer("layout", "search_vector").prefetch_related("shared_with")

    @extend_schema(
        operation_id="list_templates",
        summary="List templates",
        tags=["templates"],
        responses={200: TemplateRowSerializer(many=True)},
    )
    def get(self, request: Request) -> Response:
        """Published templates and the caller's own, with what each needs."""
        page = self.paginate_queryset(self.filter_queryset(self.get_queryset()))
        context = {"request": request, "catalogue": catalogue_for(caller(request))}
        rows = TemplateRowSerializer(page, many=True, context=context).data
        return self.get_paginated_response(rows)


class TemplateView(GenericAPIView[Workflow]):
    """One template."""

    queryset = Workflow.objects.none()
    serializer_class = TemplateSerializer
    pagination_class = None

    @extend_schema(
        operation_id="read_template",
        summary="Read a template",
        tags=["templates"],
        parameters=[conditional.ETAG],
        responses={200: TemplateSerializer},
    )
    def get(self, request: Request, template_id: str) -> Response:
        """The template with its definition and what it needs."""
        template = visible_template(request, template_id)
        context = {"request": request, "catalogue": catalogue_for(caller(request))}
        data = TemplateSerializer(template, context=context).data
        return Response(data, headers={"ETag": etag(template.revision)})


class InstantiateView(GenericAPIView[Workflow]):
    """A template to use."""

    queryset = Workflow.objects.none()
    serializer_class = InstantiateSerializer

    @extend_schema(
        operation_id="instantiate_template",
        summary="Make a workflow of a template",
        tags=["templates"],
        request=InstantiateSerializer,
        parameters=[idempotency.HEADER, conditional.ETAG, conditional.LOCATION],
        responses={201: WorkflowWrittenSerializer},
    )
    def post(self, request: Request, template_id: str) -> Response:
        """An own workflow made from the template, with its agents and servers exchanged for the caller's."""
        template = visible_template(request, template_id)
        body = InstantiateSerializer(data=request.data)
        body.is_valid(raise_exception=True)
        workflow = services.instantiate_template(
            template, by=caller(request), **body.validated_data, **idempotency_of(request)
        )
        return written(workflow, request, status.HTTP_201_CREATED)


def visible_template(request: Request, template_id: str) -> Workflow:
    """The template, if the caller may copy it; raises `NotFound`."""
    rows = templates_for(caller(request)).select_related("created_by")
    template = rows.filter(pk=template_id).first()
    if template is None:
        raise NotFound("There is no such template.")
    return template
