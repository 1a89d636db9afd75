"""Every shape that a model is asked for is in the vendor's documented strict subset of JSON Schema.

https://platform.openai.com/docs/guides/structured-outputs#supported-schemas
"""

from collections.abc import Iterator
from typing import Any

import pytest

from discovery.language_model.formats import fits_strict_mode
from generation.modelling.schemas import PLAN_SCHEMA, SCHEMAS
from generation.refining.operations import OPERATION_SCHEMA, OPERATIONS_SCHEMA

Json = dict[str, Any]
ALL = {**SCHEMAS, "operations": OPERATIONS_SCHEMA}
KEYWORDS = {"type", "properties", "required", "additionalProperties", "items", "enum", "anyOf", "$ref", "$defs",
            "description"}  # fmt: skip
TYPES = {"string", "number", "boolean", "integer", "object", "array", "null"}

each = pytest.mark.parametrize("schema", ALL.values(), ids=ALL.keys())


def parts(schema: Json) -> Iterator[Json]:
    """Every schema inside, itself included; definitions once."""
    yield schema
    inner = [*schema.get("properties", {}).values(), *schema.get("$defs", {}).values()]
    inner += [*schema.get("anyOf", []), *([schema["items"]] if "items" in schema else [])]
    for one in inner:
        yield from parts(one)


def depth(schema: Json, root: Json, seen: frozenset[str] = frozenset()) -> int:
    """How many objects stand inside each other; a definition that names itself counts once."""
    if "$ref" in schema:
        name = schema["$ref"].rpartition("/")[2]
        return 0 if name in seen else depth(root["$defs"][name], root, seen | {name})
    inner = [*schema.get("properties", {}).values(), *schema.get("anyOf", [])]
    inner += [schema["items"]] if "items" in schema else []
    below = max((depth(one, root, seen) for one in inner), default=0)
    return below + (1 if schema.get("type") == "object" else 0)


@each
def test_the_root_is_an_object_and_no_choice(schema: Json) -> None:
    assert schema["type"] == "object"
    assert "anyOf" not in schema


@each
def test_every_object_is_closed_and_all_its_fields_are_required(schema: Json) -> None:
    for part in parts(schema):
        if part.get("type") == "object":
            assert part["additionalProperties"] is False
            assert part["required"] == list(part["properties"])
            assert part["properties"]


@each
def test_only_supported_keywords_and_types_are_used(schema: Json) -> None:
    for part in parts(schema):
        assert set(part) <= KEYWORDS
        assert part.get("type", "string") in TYPES
        assert {"type", "anyOf", "$ref"} & set(part)


@each
def test_the_limits_of_size_are_kept(schema: Json) -> None:
    every = list(parts(schema))
    names = [name for part in every for name in part.get("properties", {})]
    values = [value for part in every for value in part.get("enum", [])]
    assert len(names) <= 5_000
    assert len(values) <= 1_000
    assert sum(map(len, [*names, *map(str, values), *schema.get("$defs", {})])) <= 120_000
    assert depth(schema, schema) <= 10


@each
def test_references_lead_to_a_definition(schema: Json) -> None:
    for part in parts(schema):
        if "$ref" in part:
            assert part["$ref"].removeprefix("#/$defs/") in schema["$defs"]


@each
def test_it_is_sent_strict(schema: Json) -> None:
    assert fits_strict_mode(schema)


@pytest.mark.parametrize(
    "kinds", [PLAN_SCHEMA["$defs"]["node"]["anyOf"], OPERATION_SCHEMA["anyOf"]], ids=["plan", "op"]
)
def test_the_first_key_tells_the_kinds_apart(kinds: list[Json]) -> None:
    first = [next(iter(kind["properties"])) for kind in kinds]
    assert len(set(first)) == len(first)
    for kind in kinds:
        assert len(set(first) & set(kind["properties"])) == 1
