"""What validation finds, by check; each test names the code, the place and, where there is one, the fix."""

from typing import Any

import pytest

from tests.workflows.definition.worlds import CATALOGUE, agent, choice, tool, workflow
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


def test_braces_of_another_language_are_noted() -> None:
    found = problem(workflow(agent("a", input="Hi {{ user_input }}")), "double_braces")
    assert found.severity == "note"
    assert found.fix == ({"op": "replace", "path": "/steps/0/input", "value": "Hi ${user_input}"},)


def test_findings_beside_a_broken_text_are_found_in_the_same_answer() -> None:
    raw = workflow(agent("a", agent_id="nobody", input="${nope}"), agent("b", next="zzz"))
    assert codes(raw) == ["unknown_agent", "template_syntax", "unknown_target"]
    assert report(raw, CATALOGUE).definition is None
