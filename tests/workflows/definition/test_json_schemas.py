"""Schemas come from strangers: they are used without being trusted."""

from typing import Any

import pytest

from tests.workflows.definition.worlds import tool, workflow
from workflows.definition.catalogue import Catalogue, ToolEntry
from workflows.definition.json_schemas import JsonSchema, UnusableSchema
from workflows.definition.validate import validate


def doubling(levels: int) -> dict[str, Any]:
    """A schema whose references double at each level."""
    defs: dict[str, Any] = {"d0": {"type": "object"}}
    for level in range(1, levels):
        below = {"$ref": f"#/$defs/d{level - 1}"}
        defs[f"d{level}"] = {"allOf": [below, below]}
    return {"$ref": f"#/$defs/d{levels - 1}", "$defs": defs}


@pytest.mark.parametrize(
    "schema",
    [
        {"$ref": "#"},
        {"$ref": "http://127.0.0.1:9/never-asked.json"},
        {"$ref": "file:///etc/passwd"},
        {"$ref": "#/nowhere"},
        {"properties": 5},
        {"type": "nonsense"},
        {"required": "text"},
        doubling(60),
    ],
)
def test_unusable_schemas_are_a_warning_and_nothing_else(schema: dict[str, Any]) -> None:
    catalogue = Catalogue(tools={"native:x": ToolEntry("native:x", input_schema=schema)})
    steps = [tool(name, tool="native:x", arguments={"a": 1}) for name in ("t", "u")]
    found = validate(workflow(*steps), catalogue)
    assert [(p.code, p.severity, p.path) for p in found] == [
        ("schema_unusable", "warning", "/steps/0/tool")
    ]


def test_patterns_are_not_run() -> None:
    schema = JsonSchema(
        {
            "properties": {"a": {"pattern": "(a+)+$"}},
            "patternProperties": {"^(b+)+$": False},
            "additionalProperties": False,
            "propertyNames": {"pattern": "^(c+)+$"},
        }
    )
    assert schema.violations({"a": "a" * 60 + "!", "b" * 60 + "!": 1}) == []


def test_a_schema_that_is_too_large_is_not_used() -> None:
    with pytest.raises(UnusableSchema, match="larger than 256 KiB"):
        JsonSchema({"description": "x" * 300_000})


def test_older_drafts_are_understood() -> None:
    schema = JsonSchema(
        {
            "$schema": "http://json-schema.org/draft-07/schema#",
            "definitions": {"n": {"type": "integer"}},
            "properties": {"a": {"$ref": "#/definitions/n"}},
        }
    )
    (violation,) = schema.violations({"a": "x"})
    assert (violation.path, violation.keyword, violation.expected) == (("a",), "type", "integer")


def test_a_broken_schema_of_the_definition_itself_is_an_error() -> None:
    raw = workflow(input_schema={"type": "nonsense"})
    assert [(p.code, p.severity, p.path) for p in validate(raw, Catalogue())] == [
        ("bad_schema", "error", "/input_schema")
    ]
