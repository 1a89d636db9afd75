"""The types of steps, described for forms."""

from functools import cache
from typing import Any, get_args

from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from workflows.api.canvas_serializers import StepTypeSerializer
from workflows.api.fields import ecma_patterns
from workflows.definition.steps import LoopStep, ParallelStep, Step


@cache
def step_types() -> tuple[dict[str, Any], ...]:
    """Each type with the JSON Schema of its canonical form."""
    return tuple(_described(model) for model in get_args(get_args(Step)[0]))


def _described(model: Any) -> dict[str, Any]:
    schema = ecma_patterns(model.model_json_schema(mode="validation"))
    name = model.model_fields["type"].default
    return {
        "type": name,
        "title": name.capitalize(),
        "description": (model.__doc__ or "").partition("\n")[0],
        "is_container": model in (LoopStep, ParallelStep),
        "schema": schema,
    }


class StepTypesView(APIView):
    """What a workflow is made of."""

    @extend_schema(
        operation_id="list_step_types",
        summary="List the types of steps",
        tags=["steps"],
        responses={200: StepTypeSerializer(many=True)},
    )
    def get(self, request: Request) -> Response:
        """All types, in the order in which people meet them."""
        return Response(StepTypeSerializer(step_types(), many=True).data)
