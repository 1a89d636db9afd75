"""Generations over REST: ask, look, cancel, apply."""

from typing import Any

from django.db.models import QuerySet
from drf_spectacular.utils import OpenApiParameter, OpenApiResponse, extend_schema
from rest_framework import mixins
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.reverse import reverse
from rest_framework.viewsets import GenericViewSet

from common.errors import NotFound
from common.rest import caller
from generation import services
from generation.api.filters import GenerationFilter
from generation.api.serializers import (
    AppliedSerializer,
    ApplySerializer,
    GenerateSerializer,
    GenerationRowSerializer,
    GenerationSerializer,
    WaitSerializer,
)
from generation.models import Generation
from generation.selectors import generations_for
from workflows.api import conditional
from workflows.api.conditional import etag, expected_revision
from workflows.api.idempotency import HEADER, idempotency_of
from workflows.api.views import visible_workflow

LOCATION = OpenApiParameter(
    "Location", str, OpenApiParameter.HEADER, response=[202], description="The job's address."
)
TOO_MANY = OpenApiResponse(
    description="You have asked for too many lately, or too many are under way."
)
TAGS = ["generation"]


class GenerationViewSet(
    mixins.ListModelMixin, mixins.RetrieveModelMixin, GenericViewSet[Generation]
):
    """The caller's generations."""

    queryset = Generation.objects.none()
    serializer_class = GenerationSerializer
    filterset_class = GenerationFilter
    lookup_url_kwarg = "generation_id"
    ordering = "-created_at"
    ordering_fields = ("created_at",)

    def get_queryset(self) -> QuerySet[Generation]:
        """Starts from the caller."""
        return generations_for(self.request.user)

    @extend_schema(
        operation_id="list_generations",
        summary="List generations",
        tags=TAGS,
        responses=GenerationRowSerializer(many=True),
    )
    def list(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """What you asked for, the newest first."""
        rows = self.get_queryset().defer("result", "problems")
        page = self.paginate_queryset(self.filter_queryset(rows))
        return self.get_paginated_response(GenerationRowSerializer(page, many=True).data)

    @extend_schema(operation_id="read_generation", summary="Read a generation", tags=TAGS)
    def retrieve(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """A job with its result, as far as it is."""
        return super().retrieve(request, *args, **kwargs)

    @extend_schema(
        operation_id="generate_workflow",
        summary="Design a workflow from words",
        tags=TAGS,
        request=GenerateSerializer,
        parameters=[WaitSerializer, HEADER, LOCATION],
        responses={
            202: GenerationSerializer,
            200: OpenApiResponse(GenerationSerializer, description="It ended within `wait`."),
            404: OpenApiResponse(description="There is no such workflow, or it is not yours."),
            412: OpenApiResponse(description="The workflow is at another version by now."),
            429: TOO_MANY,
        },
    )
    def generate(self, request: Request) -> Response:
        """Have a workflow designed, or with `workflow_id` changed, from words. Nothing is stored until it is applied."""
        query = WaitSerializer(data=request.query_params)
        query.is_valid(raise_exception=True)
        body = GenerateSerializer(data=request.data)
        body.is_valid(raise_exception=True)
        options = dict(body.validated_data)
        generation = services.request_generation(
            by=caller(request),
            prompt=options.pop("prompt"),
            context=options.pop("context", {}),
            workflow=self._workflow(options.pop("workflow_id", None)),
            version=options.pop("version", None),
            options=options,
            **idempotency_of(request),
        )
        seconds = query.validated_data["wait"]
        if seconds:
            generation = services.wait_for_result(generation, seconds=seconds)
        address = reverse("generation-detail", args=[generation.pk], request=request)
        return Response(
            GenerationSerializer(generation).data,
            status=200 if generation.is_finished else 202,
            headers={"Location": address},
        )

    @extend_schema(
        operation_id="cancel_generation",
        summary="Cancel a generation",
        tags=TAGS,
        request=None,
        responses={200: GenerationSerializer},
    )
    def cancel(self, request: Request, generation_id: str) -> Response:
        """Stop a job: a model call under way is cut off, none follows. 409 when it has ended already."""
        generation = services.request_cancellation(self.get_object())
        return Response(GenerationSerializer(generation).data)

    @extend_schema(
        operation_id="apply_generation",
        summary="Store what was generated",
        tags=TAGS,
        request=ApplySerializer,
        parameters=[HEADER, *conditional.HEADERS, conditional.LOCATION],
        responses={
            201: AppliedSerializer,
            404: OpenApiResponse(description="There is no such generation or workflow."),
            412: OpenApiResponse(
                description="The workflow moved on: `refinement` and `since` are both differences, `can_rebase` says "
                "whether `rebase` would help."
            ),
        },
    )
    def apply(self, request: Request) -> Response:
        """Store a result as a workflow with the agents it needs: all of it, or nothing."""
        body = ApplySerializer(data=request.data)
        body.is_valid(raise_exception=True)
        told = dict(body.validated_data)
        agents = told.pop("agents", {})
        generation = self._generation(told.get("generation_id"))
        refined = generation.workflow_id if generation else None
        applied = services.apply_generation(
            by=caller(request),
            generation=generation,
            result=told.get("result"),
            workflow=self._workflow(told.get("workflow_id", refined)),
            rebase=told.get("rebase", False),
            expected_revision=expected_revision(request),
            name=told.get("name", ""),
            accept=agents.get("accept"),
            agent_map=agents.get("map"),
            **idempotency_of(request),
        )
        return _applied(applied, request)

    def _generation(self, generation_id: str | None) -> Generation | None:
        if generation_id is None:
            return None
        row = self.get_queryset().filter(pk=generation_id).first()
        if row is None:
            raise NotFound("There is no such generation.")
        return row

    def _workflow(self, workflow_id: str | None) -> Any:
        return visible_workflow(self.request, workflow_id) if workflow_id else None


def _applied(applied: services.Applied, request: Request) -> Response:
    found = applied.report
    applied.workflow.validation = found  # type: ignore[attr-defined]
    data = AppliedSerializer(
        {
            "workflow": applied.workflow,
            "agents_created": applied.agents_created,
            "blocked_steps": found.blocked_steps,
            "missing_mcps": found.missing_mcps,
            "can_execute": found.can_execute,
        },
        context={"request": request},
    ).data
    headers = {
        "ETag": etag(applied.workflow.revision),
        "Location": f"/api/v1/workflows/{applied.workflow.pk}",
    }
    return Response(data, status=201, headers=headers)
