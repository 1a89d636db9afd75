"""What the OpenAPI file says beyond drf-spectacular: problem details and tokens."""

from typing import Any, ClassVar

from drf_spectacular.extensions import OpenApiAuthenticationExtension
from drf_spectacular.generators import SchemaGenerator
from drf_spectacular.openapi import AutoSchema
from drf_spectacular.utils import Direction, OpenApiResponse
from rest_framework import serializers

from common.definition_problems import DefinitionProblemSerializer
from common.rest import StrictFieldsMixin
from workflowsite.rest.problem_details import MEDIA_TYPE
from workflowsite.rest.refusals import RETRY_AFTER, refusals


class ProblemErrorSerializer(serializers.Serializer[Any]):
    """One thing that is wrong, and where."""

    code = serializers.CharField(help_text="Stable; for programs.")
    detail = serializers.CharField(help_text="A sentence; for people.")
    pointer = serializers.CharField(
        allow_null=True, help_text="JSON Pointer (RFC 6901) into the request body."
    )
    parameter = serializers.CharField(required=False, help_text="The query parameter.")


class ProblemDetailsSerializer(serializers.Serializer[Any]):
    """A refusal (RFC 9457)."""

    type = serializers.CharField()
    title = serializers.CharField()
    status = serializers.IntegerField()
    detail = serializers.CharField(help_text="What is wrong and what to do.")
    code = serializers.CharField(help_text="Stable; for programs.")
    request_id = serializers.CharField(allow_null=True, help_text="Name it when asking for help.")
    errors = ProblemErrorSerializer(many=True)  # type: ignore[assignment]
    problems = DefinitionProblemSerializer(many=True)


class ProblemAutoSchema(AutoSchema):
    """Adds to every operation how it refuses: one shape, whatever the status."""

    def get_operation(self, *args: Any, **kwargs: Any) -> Any:
        """The operation with its refusals; those that the view describes itself keep its words."""
        operation: Any = super().get_operation(*args, **kwargs)
        if operation is None:
            return None
        own = operation["responses"]
        found = refusals(self.method, self.path, operation, is_limited=self._is_limited())
        answers = {status: own[status] for status in own if status < "400"}
        refused = {
            status: self._refusal(status, found.get(status, ""), own.get(status, {}))
            for status in sorted({*found, *own} - answers.keys())
        }
        default = self._refusal("default", "Any other refusal.", {})
        operation["responses"] = {**answers, **refused, "default": default}
        return operation

    def _is_limited(self) -> bool:
        return bool(self.view.get_throttles())

    def _refusal(self, status: str, description: str, own: dict[str, Any]) -> dict[str, Any]:
        described = OpenApiResponse(ProblemDetailsSerializer, own.get("description") or description)
        answer: dict[str, Any] = self._get_response_for_code(described, status)
        return {**answer, "headers": RETRY_AFTER} if status in ("429", "503") else answer

    def _get_request_for_media_type(self, serializer: Any, direction: str = "request") -> Any:
        schema, is_required = super()._get_request_for_media_type(serializer, direction)  # type: ignore[no-untyped-call]
        return schema, is_required or getattr(serializer, "needs_body", False)

    def _map_basic_serializer(self, serializer: Any, direction: Direction) -> dict[str, Any]:
        schema: dict[str, Any] = super()._map_basic_serializer(serializer, direction)  # type: ignore[no-untyped-call]
        if direction == "request" and isinstance(serializer, StrictFieldsMixin):
            schema["additionalProperties"] = False
        if direction == "response" and isinstance(serializer, StrictFieldsMixin):
            # What may be left out of a body is always there in an answer.
            schema["required"] = sorted(schema["properties"])
        return schema

    def _get_response_for_code(
        self,
        serializer: Any,
        status_code: str,
        media_types: list[str] | None = None,
        direction: str = "response",
    ) -> Any:
        if str(status_code) >= "400":
            media_types = [MEDIA_TYPE]
        return super()._get_response_for_code(  # type: ignore[no-untyped-call]
            serializer, status_code, media_types, direction
        )


class SchemaMadeOnce(SchemaGenerator):
    """Making the schema takes seconds, anyone may ask for it, and all get the same: a process makes it once."""

    served: ClassVar[Any] = None

    def get_schema(self, request: Any = None, public: bool = False) -> Any:
        """The OpenAPI file as a dict; made anew for commands, which come without a request."""
        if request is None:
            return super().get_schema(request, public)  # type: ignore[no-untyped-call]
        if SchemaMadeOnce.served is None:
            SchemaMadeOnce.served = super().get_schema(request, public=True)  # type: ignore[no-untyped-call]
        return SchemaMadeOnce.served


class ApiTokenScheme(OpenApiAuthenticationExtension):  # type: ignore[no-untyped-call]
    """`Authorization: Token …` in the schema and in Swagger."""

    target_class = "workflowsite.rest.tokens.ApiTokenAuthentication"
    name = "token"

    def get_security_definition(self, auto_schema: Any) -> dict[str, str]:
        """An API key in the header; Swagger wants the word `Token` typed with it."""
        return {
            "type": "apiKey",
            "in": "header",
            "name": "Authorization",
            "description": "The word Token, a blank, and the token: `Token 1a2b3c…`.",
        }


def null_is_any_value_too(result: Any, **_: Any) -> Any:
    """The schema without `oneOf: [{}, {type: null}]`, which null itself would violate: it matches both."""
    if isinstance(result, dict):
        if result.get("oneOf") == [{}, {"type": "null"}]:
            result.pop("oneOf")
        for inner in result.values():
            null_is_any_value_too(inner)
    elif isinstance(result, list):
        for inner in result:
            null_is_any_value_too(inner)
    return result
