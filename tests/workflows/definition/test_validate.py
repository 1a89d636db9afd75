"""What validation finds, by check; each test names the code, the place and, where there is one, the fix."""

from typing import Any

import pytest

from tests.workflows.definition.worlds import CATALOGUE, agent, choice, tool, workflow
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


def loop(**fields: Any) -> dict[str, Any]:
    """A loop as it would be sent."""
    filled: dict[str, Any] = {"id": "l", "type": "loop", "loop_mode": "count", "max_iterations": 3}
    return filled | {"steps": [agent("inner")]} | fields


def test_a_good_definition_has_no_problem() -> None:
    result = report(workflow(agent("a"), tool("b")), CATALOGUE)
    assert result.problems == []
    assert result.is_valid
    assert result.can_execute


def test_an_empty_draft_is_valid_but_can_not_run() -> None:
    result = report({"id": "w", "name": "W"}, CATALOGUE)
    assert result.is_valid
    assert not result.can_execute


def test_ids_are_unique_in_the_whole_definition() -> None:
    raw = workflow(agent("inner"), loop())
    assert problem(raw, "duplicate_id").path == "/steps/1/steps/0/id"


def test_branch_ids_are_unique_in_their_parallel() -> None:
    raw = workflow(parallel("x", "x"))
    places = {p.path for p in validate(raw, CATALOGUE) if p.code == "duplicate_id"}
    assert places == {"/steps/0/branches/1/id"}


@pytest.mark.parametrize("name", ["end", "fail", "skip"])
def test_reserved_ids_are_refused(name: str) -> None:
    assert problem(workflow(agent(name)), "reserved_id").path == "/steps/0/id"


@pytest.mark.parametrize(
    "step",
    [
        {"id": "a", "type": "agent"},
        {"id": "a", "type": "tool"},
        {"id": "a", "type": "conditional"},
        {"id": "a", "type": "conditional", "condition_source": "${user_input}"},
        {"id": "a", "type": "conditional", "conditional_branches": {"x": "end"}},
        parallel("x", "y", aggregation="best"),
        loop(loop_mode="foreach"),
        loop(loop_mode="until"),
    ],
)
def test_missing_configuration_blocks(step: dict[str, Any]) -> None:
    result = report(workflow(step), CATALOGUE)
    assert "missing_configuration" in [one.code for one in result.problems]
    assert result.definition is not None
    assert result.blocked_steps == [step["id"]]
    assert not result.can_execute


def test_a_loop_needs_a_bound() -> None:
    step = loop()
    del step["max_iterations"]
    found = problem(workflow(step), "unbounded_loop")
    assert found.fix == ({"op": "add", "path": "/steps/0/max_iterations", "value": 10},)


def test_an_inline_agent_and_an_agent_id_exclude_each_other() -> None:
    raw = workflow(agent("a", agent={"instructions": "Write."}))
    assert problem(raw, "conflicting_fields").path == "/steps/0/agent"


def test_choices_that_are_equal_after_folding_are_refused() -> None:
    raw = workflow(choice("c", {"Yes": "end", " yES ": "end"}))
    assert problem(raw, "equal_choices").path == "/steps/0/conditional_branches/ yES "


def test_a_conditional_can_not_be_skipped() -> None:
    raw = workflow(choice("c", {"x": "end"}, on_error="skip"))
    assert problem(raw, "conflicting_fields").path == "/steps/0/on_error"


def test_one_branch_is_not_parallel() -> None:
    found = problem(workflow(parallel("x")), "too_few_branches")
    assert (found.severity, found.path) == ("warning", "/steps/0/branches")


def test_more_successes_than_branches_are_impossible() -> None:
    found = problem(workflow(parallel("x", "y", min_success=3)), "out_of_range")
    assert found.fix == ({"op": "replace", "path": "/steps/0/min_success", "value": 2},)


def test_an_empty_container_is_an_error() -> None:
    assert problem(workflow(loop(steps=[])), "no_steps").path == "/steps/0/steps"


def test_concurrent_iterations_have_no_break_condition() -> None:
    raw = workflow(loop(max_concurrency=2, break_condition="${loop.index} == 1"))
    assert problem(raw, "conflicting_fields").path == "/steps/0/break_condition"


@pytest.mark.parametrize(
    ("fields", "path"),
    [
        ({"next": "bb"}, "/steps/0/next"),
        ({"on_error": "bb"}, "/steps/0/on_error"),
        ({"on_error": [{"next": "bb"}]}, "/steps/0/on_error/0/next"),
    ],
)
def test_unknown_targets_name_the_nearest_step(fields: dict[str, Any], path: str) -> None:
    found = problem(workflow(agent("a", **fields), agent("bbb")), "unknown_target")
    assert found.path == path
    assert found.fix == ({"op": "replace", "path": path, "value": "bbb"},)


def test_an_unknown_entry_is_an_error() -> None:
    assert problem(workflow(agent("a"), entry_step="x"), "unknown_target").path == "/entry_step"


def test_jumps_do_not_cross_a_border() -> None:
    raw = workflow(agent("a"), loop(steps=[agent("inner", next="a")]))
    assert problem(raw, "crosses_border").path == "/steps/1/steps/0/next"


def test_unreachable_steps_are_errors() -> None:
    raw = workflow(agent("a", next="end"), agent("b", next="end"))
    found = problem(raw, "unreachable_step")
    assert (found.severity, found.path) == ("error", "/steps/1")


def test_back_edges_are_noted_and_lists_without_end_warned_of() -> None:
    raw = workflow(agent("a"), agent("b", next="a"))
    assert [(p.code, p.severity) for p in validate(raw, CATALOGUE)] == [
        ("no_end", "warning"),
        ("back_edge", "note"),
    ]


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


@pytest.mark.parametrize(
    ("reference", "code", "fix"),
    [
        ("steps.j.output.scor", "no_such_value", "steps.j.output.score"),
        ("steps.j.output[0]", "no_such_value", None),
        ("steps.t.output.word", "no_such_value", "steps.t.output.words"),
        ("steps.t.status.x", "no_such_value", None),
        ("steps.c.output.valu", "no_such_value", "steps.c.output.value"),
        ("user_input.name", "no_such_value", None),
        ("execution.id.x", "no_such_value", None),
    ],
)
def test_paths_that_can_not_exist(reference: str, code: str, fix: str | None) -> None:
    raw = workflow(
        agent("j", agent_id="judge"),
        tool("t"),
        choice("c", {"x": "u"}, default="u"),
        agent("u", input=f"${{{reference}}}"),
    )
    found = problem(raw, code)
    assert (found.severity, found.path) == ("error", "/steps/3/input")
    if fix:
        expected = {"op": "replace", "path": "/steps/3/input", "value": f"${{{fix}}}"}
        assert found.fix == (expected,)


def test_looking_into_an_agents_text_offers_a_schema() -> None:
    raw = workflow(agent("a"), agent("b", input="${steps.a.output.title}"))
    schema = {"type": "object", "properties": {"title": {}}, "required": ["title"]}
    found = problem(raw, "no_such_value")
    assert found.fix == ({"op": "add", "path": "/steps/0/output_schema", "value": schema},)


def test_the_input_schema_says_what_input_there_is() -> None:
    schema = {"type": "object", "properties": {"city": {}}, "additionalProperties": False}
    raw = workflow(agent("a", input="${input.town} ${input.city}"), input_schema=schema)
    assert problem(raw, "no_such_value").path == "/steps/0/input"


@pytest.mark.parametrize(
    "condition",
    [
        "1",
        "'yes'",
        "null",
        "${input.a} + 1",
        "size(${input.a})",
        "(${user_input})",
        "${steps.a.output}",
        "${loop.index}",
        "[${input.a}]",
        "1 > 'a'",
    ],
)
def test_conditions_that_can_not_be_true_or_false(condition: str) -> None:
    step = loop(steps=[agent("i")], loop_mode="count", break_condition=condition)
    raw = workflow(agent("a"), step)
    found = problem(raw, "not_boolean")
    assert (found.severity, found.path) == ("error", "/steps/1/break_condition")


@pytest.mark.parametrize(
    "condition",
    [
        "${input.a}",
        "!${input.a}",
        "true",
        "${input.a}.b",
        "[${input.a}][0]",
        "${steps.a.output} in ['x']",
        "(${input.a} ? true : false)",
        "${user_input}.contains('x')",
        "bool(${input.a})",
        "${user_input ?? true} == true",
        "'a-b' == ${user_input}",
        "dyn(${input.a})",
    ],
)
def test_conditions_that_may_be_boolean(condition: str) -> None:
    raw = workflow(agent("a"), loop(break_condition=condition))
    assert "not_boolean" not in codes(raw)


def test_choosing_by_an_agents_free_text_offers_an_enum() -> None:
    raw = workflow(
        agent("a"), choice("c", {"x": "end"}, default="end", condition_source="${steps.a.output}")
    )
    found = problem(raw, "free_text_choice")
    schema = {"type": "string", "enum": ["x"]}
    assert found.severity == "warning"
    assert found.fix == ({"op": "add", "path": "/steps/0/output_schema", "value": schema},)


def test_a_destructive_tool_is_a_warning() -> None:
    raw = workflow(tool("t", tool="git:git_reset", arguments={}))
    assert [(p.code, p.severity) for p in validate(raw, CATALOGUE)] == [
        ("destructive_tool", "warning")
    ]


def test_braces_of_another_language_are_noted() -> None:
    found = problem(workflow(agent("a", input="Hi {{ user_input }}")), "double_braces")
    assert found.severity == "note"
    assert found.fix == ({"op": "replace", "path": "/steps/0/input", "value": "Hi ${user_input}"},)


def test_findings_beside_a_broken_text_are_found_in_the_same_answer() -> None:
    raw = workflow(agent("a", agent_id="nobody", input="${nope}"), agent("b", next="zzz"))
    assert codes(raw) == ["unknown_agent", "template_syntax", "unknown_target"]
    assert report(raw, CATALOGUE).definition is None


def test_a_fix_of_what_was_never_sent_brings_what_holds_it() -> None:
    schema = {"type": "object", "properties": {"n": {"default": 5}}, "required": ["n"]}
    catalogue = Catalogue(tools={"native:n": ToolEntry("native:n", input_schema=schema)})
    raw = workflow({"id": "t", "type": "tool", "tool": "native:n"})
    (found,) = validate(raw, catalogue)
    assert (found.code, found.path) == ("bad_arguments", "/steps/0")
    assert found.fix == ({"op": "add", "path": "/steps/0/arguments", "value": {"n": 5}},)
