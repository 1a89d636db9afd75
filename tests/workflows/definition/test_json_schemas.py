"""Schemas come from strangers: they are used without being trusted."""

from http.server import BaseHTTPRequestHandler, HTTPServer
from threading import Thread
from typing import Any, ClassVar

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


class Recorder(BaseHTTPRequestHandler):
    """Answers every request with a schema and remembers that it was asked."""

    asked: ClassVar[list[str]] = []

    def do_GET(self) -> None:
        self.asked.append(self.path)
        self.send_response(200)
        self.end_headers()
        self.wfile.write(b"{}")


def test_references_to_elsewhere_are_not_fetched() -> None:
    server = HTTPServer(("127.0.0.1", 0), Recorder)
    Thread(target=server.serve_forever, daemon=True).start()
    try:
        schema = {"$ref": f"http://127.0.0.1:{server.server_port}/schema.json"}
        with pytest.raises(UnusableSchema):
            JsonSchema(schema).violations({"a": 1})
    finally:
        server.shutdown()
        server.server_close()
    assert Recorder.asked == []


def test_a_choice_of_schemas_is_open_while_a_template_may_decide_it() -> None:
    kinds = [{"properties": {"kind": {"const": kind}}} for kind in ("x", "y")]
    catalogue = Catalogue(tools={"native:k": ToolEntry("native:k", input_schema={"oneOf": kinds})})

    def codes(kind: str) -> list[str]:
        step = tool("t", tool="native:k", arguments={"kind": kind})
        return [p.code for p in validate(workflow(step), catalogue)]

    assert codes("${user_input}") == []
    assert codes("z") == ["bad_arguments"]


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
