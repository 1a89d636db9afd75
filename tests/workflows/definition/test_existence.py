"""Agents, tools and servers in definitions: that they exist, and that tools get the arguments they take."""

from typing import Any

import pytest

from tests.workflows.definition.worlds import CATALOGUE, agent, tool, workflow
from workflows.definition.catalogue import Catalogue, ToolEntry
from workflows.definition.problems import Problem
from workflows.definition.validate import report, validate


def problem(raw: dict[str, Any], code: str) -> Problem:
    """The one problem with `code`."""
    (found,) = [one for one in validate(raw, CATALOGUE) if one.code == code]
    return found


def codes(raw: dict[str, Any]) -> list[str]:
    """All codes, in order."""
    return [one.code for one in validate(raw, CATALOGUE)]


def parallel(*branches: str, **fields: Any) -> dict[str, Any]:
    """A parallel of agent branches."""
    made = [{"id": name, "agent_id": "writer"} for name in branches]
    return {"id": "p", "type": "parallel", "branches": made} | fields


def test_an_unknown_agent_is_named_with_the_nearest() -> None:
    result = report(workflow(agent("a", agent_id="writr")), CATALOGUE)
    (found,) = result.problems
    assert (found.code, found.path) == ("unknown_agent", "/steps/0/agent_id")
    assert found.fix == ({"op": "replace", "path": "/steps/0/agent_id", "value": "writer"},)
    assert result.missing_agents == ["writr"]
    assert result.blocked_steps == ["a"]


def test_an_inactive_agent_is_missing() -> None:
    result = report(workflow(agent("a", agent_id="retired")), CATALOGUE)
    assert [one.code for one in result.problems] == ["inactive_agent"]
    assert result.missing_agents == ["retired"]


def test_a_judge_must_exist() -> None:
    raw = workflow(parallel("x", "y", aggregation="best", judge_agent_id="nobody"))
    assert report(raw, CATALOGUE).missing_agents == ["nobody"]


@pytest.mark.parametrize(
    ("name", "code", "tools", "servers"),
    [
        ("native:text_stat", "unknown_tool", ["native:text_stat"], []),
        ("git:nothing-like-it", "unknown_tool", ["git:nothing-like-it"], []),
        ("slack:post", "unknown_server", ["slack:post"], ["slack"]),
        ("git:gone", "tool_unavailable", ["git:gone"], []),
        ("off:tool", "server_disabled", [], ["off"]),
    ],
)
def test_tools_that_can_not_be_called(
    name: str, code: str, tools: list[str], servers: list[str]
) -> None:
    result = report(workflow(tool("t", tool=name, arguments={})), CATALOGUE)
    assert [one.code for one in result.problems if one.severity == "error"] == [code]
    assert result.missing_tools == tools
    assert result.missing_mcps == servers
    assert not result.can_execute


def test_a_server_that_did_not_answer_is_a_warning() -> None:
    result = report(workflow(tool("t", tool="away:tool", arguments={})), CATALOGUE)
    assert [(p.code, p.severity) for p in result.problems] == [("server_unreachable", "warning")]
    assert result.can_execute


def test_an_agents_tools_are_checked_too() -> None:
    raw = workflow({"id": "a", "type": "agent", "agent": {"instructions": "x", "tools": ["n:x"]}})
    assert problem(raw, "unknown_server").path == "/steps/0/agent/tools/0"


def test_a_step_can_not_give_its_agent_more_tools() -> None:
    raw = workflow(agent("a", tools=["native:render_text"]))
    found = problem(raw, "tool_not_allowed")
    assert (found.severity, found.path) == ("warning", "/steps/0/tools/0")


def test_what_others_own_looks_like_what_does_not_exist() -> None:
    assert validate(workflow(agent("a")), Catalogue())[0].code == "unknown_agent"


@pytest.mark.parametrize(
    ("arguments", "path", "fix"),
    [
        ({}, "/steps/0/arguments", None),
        ({"text": "x", "colour": 1}, "/steps/0/arguments/colour", None),
        (
            {"text": "x", "mod": "words"},
            "/steps/0/arguments/mod",
            {"op": "move", "from": "/steps/0/arguments/mod", "path": "/steps/0/arguments/mode"},
        ),
        (
            {"text": 5},
            "/steps/0/arguments/text",
            {"op": "replace", "path": "/steps/0/arguments/text", "value": "5"},
        ),
        (
            {"text": "x", "top": "7"},
            "/steps/0/arguments/top",
            {"op": "replace", "path": "/steps/0/arguments/top", "value": 7},
        ),
        (
            {"text": "x", "exact": "True"},
            "/steps/0/arguments/exact",
            {"op": "replace", "path": "/steps/0/arguments/exact", "value": True},
        ),
        (
            {"text": "x", "mode": "word"},
            "/steps/0/arguments/mode",
            {"op": "replace", "path": "/steps/0/arguments/mode", "value": "words"},
        ),
        (
            {"text": "x", "tags": "one"},
            "/steps/0/arguments/tags",
            {"op": "replace", "path": "/steps/0/arguments/tags", "value": ["one"]},
        ),
        (
            {"text": "x", "top": "about ${user_input}"},
            "/steps/0/arguments/top",
            None,
        ),
    ],
)
def test_arguments_follow_the_tools_schema(
    arguments: dict[str, Any], path: str, fix: dict[str, Any] | None
) -> None:
    found = problem(workflow(tool("t", arguments=arguments)), "bad_arguments")
    assert found.path == path
    assert found.fix == ((fix,) if fix else None)


@pytest.mark.parametrize(
    "arguments",
    [
        {"text": "${user_input}", "top": "${input.n}", "mode": "${input.mode}"},
        {"text": "x", "tags": "${input.tags}"},
        {"text": "x", "tags": ["${input.tag}"]},
        {"text": "Hello ${user_input}"},
        {"text": "x", "mode": "wo${input.rest}"},
    ],
)
def test_templated_arguments_are_unknown_not_wrong(arguments: dict[str, Any]) -> None:
    assert codes(workflow(tool("t", arguments=arguments))) == []


def test_a_destructive_tool_is_a_warning() -> None:
    raw = workflow(tool("t", tool="git:git_reset", arguments={}))
    assert [(p.code, p.severity) for p in validate(raw, CATALOGUE)] == [
        ("destructive_tool", "warning")
    ]


def test_a_fix_of_what_was_never_sent_brings_what_holds_it() -> None:
    schema = {"type": "object", "properties": {"n": {"default": 5}}, "required": ["n"]}
    catalogue = Catalogue(tools={"native:n": ToolEntry("native:n", input_schema=schema)})
    raw = workflow({"id": "t", "type": "tool", "tool": "native:n"})
    (found,) = validate(raw, catalogue)
    assert (found.code, found.path) == ("bad_arguments", "/steps/0")
    assert found.fix == ({"op": "add", "path": "/steps/0/arguments", "value": {"n": 5}},)
