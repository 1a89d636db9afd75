"""What generation says about one stored workflow: an explanation in words, and what would put its problems right."""

from typing import Any

from drf_spectacular.utils import OpenApiExample, OpenApiResponse, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.reverse import reverse

from common.rest import caller
from generation import services
from generation.api.refining_serializers import (
    ExplainRequestSerializer,
    ExplanationSerializer,
    RepairRequestSerializer,
    RepairSerializer,
)
from generation.api.serializers import GenerationSerializer
from generation.api.throttling import ExplainThrottle
from generation.api.views import TOO_MANY
from generation.explaining.definitions import explain
from generation.models import Generation
from generation.refining.repairing import repair_offline
from workflows.api.views import WorkflowScopedView
from workflows.selectors import catalogue_for, definition_of

TAGS = ["generation"]
_EXPLAINED = OpenApiExample(
    "A workflow of one step",
    value={
        "workflow_id": "counting",
        "version": 3,
        "summary": "Counting. It has 1 step and begins with 'count'. It uses native:text_stats.",
        "steps": [
            {
                "id": "count",
                "type": "tool",
                "container": "",
                "text": "Calls the tool native:text_stats with text = ${user_input}. Then this list ends.",
            }
        ],
    },
    response_only=True,
    status_codes=["200"],
)


class ExplainView(WorkflowScopedView):
    """A workflow in words."""

    serializer_class = ExplainRequestSerializer
    throttle_classes = (ExplainThrottle,)

    @extend_schema(
        operation_id="explain_workflow",
        summary="Explain a workflow",
        tags=TAGS,
        request=ExplainRequestSerializer,
        responses={
            200: ExplanationSerializer,
            202: OpenApiResponse(
                GenerationSerializer, description="With `with_model`: the job that writes it."
            ),
        },
        examples=[_EXPLAINED],
    )
    def post(self, request: Request, workflow_id: str) -> Response:
        """What a workflow does, in plain sentences made from its definition.

        With `with_model` a job has a model write it from those sentences, in any language; it counts and costs like any
        other generation. Where no model answers, the sentences are the explanation, with a warning.
        """
        workflow, body = self.workflow(), self.body()
        version, definition = definition_of(workflow, body.get("version"))
        if body["with_model"]:
            return _accepted(
                request,
                services.request_explanation(
                    by=caller(request),
                    workflow=workflow,
                    version=version,
                    language=body.get("language", ""),
                ),
            )
        explained = explain(definition, catalogue_for(caller(request)))
        told = {
            "workflow_id": workflow.pk,
            "version": version,
            "summary": explained.summary,
            "steps": explained.steps,
        }
        return Response(ExplanationSerializer(told).data)


class RepairView(WorkflowScopedView):
    """Proposals for a workflow with problems."""

    serializer_class = RepairRequestSerializer

    @extend_schema(
        operation_id="repair_workflow",
        summary="Propose repairs",
        tags=TAGS,
        request=RepairRequestSerializer,
        responses={
            200: RepairSerializer,
            202: OpenApiResponse(
                GenerationSerializer, description="With `with_model`: the job that proposes it."
            ),
            429: TOO_MANY,
        },
    )
    def post(self, request: Request, workflow_id: str) -> Response:
        """What would put the current version's problems right; nothing is stored until it is applied.

        The problems' own patches are tried at once. With `with_model` a job does that and then asks the model (where
        one is configured) about the rest; it counts and costs like any other generation.
        """
        workflow = self.workflow()
        if self.body()["with_model"]:
            job = services.request_repair(by=caller(request), workflow=workflow)
            return _accepted(request, job)
        version, definition = definition_of(workflow)
        made = repair_offline(definition, version, catalogue_for(caller(request)))
        told: dict[str, Any] = {"result": made.result, "problems": made.problems}
        return Response(RepairSerializer(told).data)


def _accepted(request: Request, generation: Generation) -> Response:
    """The job, and where it is followed."""
    address = reverse("generation-detail", args=[generation.pk], request=request)
    told = GenerationSerializer(generation).data
    return Response(told, status=202, headers={"Location": address})
