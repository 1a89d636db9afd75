"""How a definition looks in the OpenAPI file: anything goes in, the canonical form comes out."""

from typing import Any

from drf_spectacular.extensions import OpenApiSerializerFieldExtension
from drf_spectacular.plumbing import ResolvedComponent
from rest_framework import serializers
from rest_framework.exceptions import ErrorDetail

from workflows.definition.steps import Definition

REFERENCE = "#/components/schemas/{model}"


class DefinitionField(serializers.Field[Any, Any, Any, Any]):
    """A JSON object that the definition language judges."""

    def to_internal_value(self, data: Any) -> dict[str, Any]:
        """The object as it came; raises `ValidationError` for anything else."""
        if not isinstance(data, dict):
            raise serializers.ValidationError([ErrorDetail("Give an object.", "wrong_type")])
        return data

    def to_representation(self, value: Any) -> Any:
        """The canonical JSON, as stored."""
        return value


class DefinitionFieldSchema(OpenApiSerializerFieldExtension):  # type: ignore[no-untyped-call]
    """An open object in requests, the canonical classes in answers."""

    target_class = DefinitionField

    def map_serializer_field(self, auto_schema: Any, direction: Any) -> dict[str, Any]:
        """The schema of the field for a request or an answer."""
        if direction == "request":
            return {
                "type": "object",
                "additionalProperties": True,
                "description": "The definition, shorthand allowed; see docs/definition-language.md.",
            }
        schema = Definition.model_json_schema(ref_template=REFERENCE, mode="validation")
        parts = schema.pop("$defs", {})
        for name, part in {**parts, "Definition": schema}.items():
            component = ResolvedComponent(  # type: ignore[no-untyped-call]
                name=name, type=ResolvedComponent.SCHEMA, object=name, schema=ecma_patterns(part)
            )
            auto_schema.registry.register_on_missing(component)
        return {"$ref": REFERENCE.format(model="Definition")}


def ecma_patterns(schema: Any) -> Any:
    r"""The schema with `\A` and `\z` of patterns as `^` and `$`: JSON Schema's expressions are ECMAScript's."""
    if isinstance(schema, dict):
        return {
            key: value.replace(r"\A", "^").replace(r"\z", "$")
            if key == "pattern" and isinstance(value, str)
            else ecma_patterns(value)
            for key, value in schema.items()
        }
    return [ecma_patterns(item) for item in schema] if isinstance(schema, list) else schema
