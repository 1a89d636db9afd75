"""How a definition looks in the OpenAPI file: anything goes in, the canonical form comes out."""

from typing import Any, ClassVar

from drf_spectacular.extensions import OpenApiSerializerFieldExtension
from drf_spectacular.plumbing import ResolvedComponent
from rest_framework import serializers
from rest_framework.exceptions import ErrorDetail

from workflows.definition.steps import Definition

REFERENCE = "#/components/schemas/{model}"
STEP = {"$ref": REFERENCE.format(model="Step")}
SHORTHAND = {
    "type": "object",
    "additionalProperties": True,
    "description": "Shorthand, made canonical when it is stored; see docs/definition-language.md.",
}


class DefinitionField(serializers.Field[Any, Any, Any, Any]):
    """A JSON object that the definition language judges."""

    # The canonical form, by the name of its component; null: it has none.
    component: ClassVar[str | None] = "Definition"

    def to_internal_value(self, data: Any) -> dict[str, Any]:
        """The object as it came; raises `ValidationError` for anything else."""
        if not isinstance(data, dict):
            raise serializers.ValidationError([ErrorDetail("Give an object.", "wrong_type")])
        return data

    def to_representation(self, value: Any) -> Any:
        """The canonical JSON, as stored."""
        return value


class StepField(DefinitionField):
    """One step."""

    component = "Step"


class DocumentField(DefinitionField):
    """An exported workflow; its schema has an address of its own."""

    component = None


class DefinitionFieldSchema(OpenApiSerializerFieldExtension):  # type: ignore[no-untyped-call]
    """The canonical classes, in requests beside whatever is written shorter."""

    target_class = DefinitionField
    match_subclasses = True

    def map_serializer_field(self, auto_schema: Any, direction: Any) -> dict[str, Any]:
        """The schema of the field for a request or an answer."""
        if self.target.component is None:
            return {"type": "object", "additionalProperties": True}
        for name, part in components().items():
            component = ResolvedComponent(  # type: ignore[no-untyped-call]
                name=name, type=ResolvedComponent.SCHEMA, object=name, schema=part
            )
            auto_schema.registry.register_on_missing(component)
        canonical = {"$ref": REFERENCE.format(model=self.target.component)}
        return {"anyOf": [canonical, SHORTHAND]} if direction == "request" else canonical


def components() -> dict[str, Any]:
    """The canonical form's classes as JSON Schemas by name; `Step` is the union of all types of steps."""
    whole = ecma_patterns(Definition.model_json_schema(ref_template=REFERENCE, mode="validation"))
    parts: dict[str, Any] = {**whole.pop("$defs", {}), "Definition": whole}
    union = whole["properties"]["steps"]["items"]
    for name in (ref.rsplit("/", 1)[1] for ref in union["discriminator"]["mapping"].values()):
        # A default in Python; the canonical JSON always has it, and it is what tells the types apart.
        parts[name]["required"] = ["type", *parts[name].get("required", [])]
    named: dict[str, Any] = _with_named_union(parts, union)
    return {**named, "Step": {"description": "A step of any type.", **union}}


def _with_named_union(schema: Any, union: dict[str, Any]) -> Any:
    if schema == union:
        return STEP
    if isinstance(schema, dict):
        return {key: _with_named_union(value, union) for key, value in schema.items()}
    return (
        [_with_named_union(item, union) for item in schema] if isinstance(schema, list) else schema
    )


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
