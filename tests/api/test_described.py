"""Every operation of the OpenAPI file says what a client has to know; whoever adds a route hears what is missing."""

import re
from typing import Any, get_args

import pytest
from django.conf import settings

from tests.api.openapi import Operation, document, operations
from workflows.definition.steps import Step

EVERY = pytest.mark.parametrize("operation", operations().values(), ids=operations().keys())
# What an operationId begins with, so that clients get functions named by verbs.
VERBS = frozenset(
    [
        "accept",
        "add",
        "apply",
        "archive",
        "ask",
        "cancel",
        "change",
        "connect",
        "copy",
        "create",
        "decide",
        "delete",
        "diff",
        "disconnect",
        "download",
        "draw",
        "execute",
        "explain",
        "export",
        "follow",
        "fork",
        "generate",
        "import",
        "instantiate",
        "layout",
        "list",
        "log",
        "move",
        "pause",
        "publish",
        "read",
        "receive",
        "refresh",
        "reorder",
        "repair",
        "replace",
        "restore",
        "resume",
        "retry",
        "rotate",
        "test",
        "trigger",
        "try",
        "unpublish",
        "validate",
    ]
)
OPENAPI: dict[str, Any] = settings.SPECTACULAR_SETTINGS
TAGS = {one["name"] for one in OPENAPI["TAGS"]}
STEP = {"$ref": "#/components/schemas/Step"}


@EVERY
def test_it_has_a_name_a_headline_a_description_and_a_tag(operation: Operation) -> None:
    assert re.fullmatch(r"[a-z]+(_[a-z]+)*", operation.name)
    assert operation.name.partition("_")[0] in VERBS
    summary = operation.content.get("summary", "")
    assert 5 <= len(summary) <= 50, "give `summary=` to extend_schema"
    assert not summary.endswith(".")
    assert operation.content.get("description")
    assert set(operation.content["tags"]) <= TAGS


@EVERY
def test_every_answer_has_a_schema(operation: Operation) -> None:
    for status, answer in operation.content["responses"].items():
        content = answer.get("content", {})
        assert bool(content) == (status != "204"), status
        for media_type, shape in content.items():
            assert shape.get("schema"), (status, media_type)


@EVERY
def test_refusals_are_told_where_they_can_happen(operation: Operation) -> None:
    told = set(operation.content["responses"])
    headers = {one["name"] for one in operation.parameters if one["in"] == "header"}
    needs_log_in = {} not in operation.content.get("security", [{}])
    expected = {"400", "503", "default"}
    expected |= {"401"} if needs_log_in else set()
    expected |= {"403", "409"} if needs_log_in and operation.method != "get" else set()
    expected |= {"404"} if "{" in operation.path else set()
    expected |= {"412"} if "If-Match" in headers else set()
    expected |= {"422"} if "Idempotency-Key" in headers else set()
    expected |= {"413", "415"} if operation.body is not None else set()
    assert expected - told == set()
    assert "422" not in told - expected
    for status in told & {"429", "503"}:
        assert "Retry-After" in operation.content["responses"][status]["headers"]


@EVERY
def test_what_takes_a_revision_tells_the_new_one(operation: Operation) -> None:
    if not any(one["name"] == "If-Match" for one in operation.parameters):
        return
    for status, answer in operation.content["responses"].items():
        if status in ("200", "201"):
            assert "ETag" in answer["headers"], status


@EVERY
def test_a_page_has_its_parameters(operation: Operation) -> None:
    schema = operation.answer_schema(200, "application/json") or {}
    name = schema.get("$ref", "").rpartition("/")[2]
    is_page = name.startswith("Paginated")
    query = {one["name"] for one in operation.parameters if one["in"] == "query"}
    assert ({"cursor", "limit"} <= query) == is_page
    assert is_page or "cursor" not in query
    if is_page:
        assert document()["components"]["schemas"][name]["required"] == [
            "results",
            "next",
            "previous",
        ]


def test_streams_say_how_to_go_on() -> None:
    streams = [one for one in operations().values() if one.answer_schema(200, "text/event-stream")]
    assert {one.name for one in streams} >= {"follow_execution", "follow_generation"}
    for one in streams:
        assert "Last-Event-ID" in {parameter["name"] for parameter in one.parameters}


def test_steps_are_one_union_told_apart_by_their_type() -> None:
    types = {model.model_fields["type"].default for model in get_args(get_args(Step)[0])}
    schemas = document()["components"]["schemas"]
    union = schemas["Step"]
    assert union["discriminator"]["propertyName"] == "type"
    assert union["discriminator"]["mapping"].keys() == types
    assert [one["$ref"] for one in union["oneOf"]] == [
        f"#/components/schemas/{model.__name__}" for model in get_args(get_args(Step)[0])
    ]
    for reference in union["discriminator"]["mapping"].values():
        assert "type" in schemas[reference.rpartition("/")[2]]["required"]


def test_steps_are_that_union_in_requests_and_answers() -> None:
    schemas = document()["components"]["schemas"]
    for name in ("Definition", "Branch", "LoopStep"):
        assert schemas[name]["properties"]["steps"]["items"] == STEP
    assert schemas["Workflow"]["properties"]["definition"]["$ref"].endswith("/Definition")
    assert STEP in _ways(schemas["StepAddRequest"]["properties"]["step"])
    definition = {"$ref": "#/components/schemas/Definition"}
    assert definition in _ways(schemas["WorkflowCreateRequest"]["properties"]["definition"])


def _ways(schema: Any) -> list[Any]:
    return list(schema["anyOf"])
