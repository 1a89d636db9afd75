"""What the OpenAPI file says beyond drf-spectacular: problem details, tokens, headers."""

from typing import Any

from drf_spectacular.extensions import OpenApiAuthenticationExtension
from drf_standardized_errors.openapi import AutoSchema
from rest_framework import serializers

from workflowsite.rest.problem_details import MEDIA_TYPE


class ProblemErrorSerializer(serializers.Serializer[Any]):
    """One thing that is wrong, and where."""

    code = serializers.CharField(help_text="Stable; for programs.")
    detail = serializers.CharField(help_text="A sentence; for people.")
    pointer = serializers.CharField(
        allow_null=True, help_text="JSON Pointer (RFC 6901) into the request body."
    )
    parameter = serializers.CharField(required=False, help_text="The query parameter.")


class DefinitionProblemSerializer(serializers.Serializer[Any]):
    """A finding of the validation of a definition."""

    code = serializers.CharField()
    severity = serializers.ChoiceField(choices=["error", "warning", "note"])
    path = serializers.CharField(help_text="JSON Pointer (RFC 6901) into the definition.")
    message = serializers.CharField()
    hint = serializers.CharField(allow_blank=True)
    fix = serializers.ListField(
        child=serializers.DictField(),
        allow_null=True,
        help_text="A JSON Patch (RFC 6902) that removes the problem.",
    )


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
    """Describes refusals as `application/problem+json`."""

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
