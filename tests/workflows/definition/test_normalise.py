"""Lenient in, canonical out: the rules of docs/definition-language.md, 1 and 2."""

from typing import Any

import pytest

from tests.workflows.definition.worlds import CATALOGUE, agent, choice, tool, workflow
from workflows.definition.normalise import content_hash, normalise
from workflows.definition.problems import DefinitionError, Problem
from workflows.definition.validate import validate


def nexts(raw: dict[str, Any]) -> dict[str, str]:
    """Where each step of the outermost list goes."""
    steps = normalise(raw).to_json()["steps"]
    return {step["id"]: step.get("next", step.get("default")) for step in steps}


def only(raw: dict[str, Any]) -> dict[str, Any]:
    """The canonical JSON of a definition's one step."""
    (step,) = normalise(raw).to_json()["steps"]
    found: dict[str, Any] = step
    return found


def refusals(raw: object) -> list[Problem]:
    """Why `raw` is refused."""
    with pytest.raises(DefinitionError) as caught:
        normalise(raw)
    return caught.value.problems


def test_steps_follow_each_other() -> None:
    assert nexts(workflow(agent("a"), agent("b"))) == {"a": "b", "b": "end"}


def test_the_first_step_is_the_entry() -> None:
    assert normalise(workflow(agent("a"), agent("b"))).entry_step == "a"
    assert normalise(workflow(agent("a"), agent("b"), entry_step="b")).entry_step == "b"


def test_a_null_next_ends_the_list() -> None:
    assert nexts(workflow(agent("a", next=None), agent("b")))["a"] == "end"


def test_what_a_choice_names_is_not_fallen_into() -> None:
    raw = workflow(choice("c", {"x": "a", "y": "b"}), agent("a"), agent("b"), agent("d"))
    assert nexts(raw) == {"c": None, "a": "d", "b": "d", "d": "end"}


def test_what_an_on_error_names_is_not_fallen_into() -> None:
    raw = workflow(agent("a", on_error="h"), agent("h"), agent("b"))
    assert nexts(raw) == {"a": "b", "h": "b", "b": "end"}


def test_a_back_edge_makes_no_forward_target() -> None:
    raw = workflow(agent("a"), agent("b"), choice("c", {"again": "b"}))
    assert nexts(raw)["a"] == "b"


def test_a_guess_that_skipped_something_is_reported_with_a_fix() -> None:
    raw = workflow(choice("c", {"x": "a", "y": "b"}), agent("a"), agent("b"), agent("d"))
    (guess,) = [p for p in validate(raw, CATALOGUE) if p.code == "guessed_next"]
    assert (guess.severity, guess.path) == ("warning", "/steps/1")
    assert guess.fix == ({"op": "add", "path": "/steps/1/next", "value": "d"},)


def test_arms_meet_where_the_conditional_says() -> None:
    raw = workflow(
        choice("c", {"x": "a", "y": "b"}, next="j"),
        agent("a"),
        agent("a2"),
        agent("b"),
        agent("j"),
        agent("k"),
    )
    expected = {"c": "j", "a": "a2", "a2": "j", "b": "j", "j": "k", "k": "end"}
    assert nexts(raw) == expected
    assert not [p for p in validate(raw, CATALOGUE) if p.code == "guessed_next"]


def test_an_arm_keeps_the_next_it_has() -> None:
    raw = workflow(
        choice("c", {"x": "a", "y": "b"}, next="j", default="b"),
        agent("a", next="end"),
        agent("b"),
        agent("j"),
    )
    assert nexts(raw) == {"c": "b", "a": "end", "b": "j", "j": "end"}


def test_conditionals_inside_an_arm_meet_where_the_outer_one_does() -> None:
    raw = workflow(
        choice("c", {"x": "d", "y": "z"}, next="j"),
        choice("d", {"p": "e", "q": "f"}),
        agent("e"),
        agent("f"),
        agent("z"),
        agent("j"),
    )
    assert nexts(raw) == {"c": "j", "d": "j", "e": "j", "f": "j", "z": "j", "j": "end"}


def test_an_inner_meeting_point_belongs_to_the_arm() -> None:
    raw = workflow(
        choice("c", {"x": "d", "y": "z"}, next="j"),
        choice("d", {"p": "e", "q": "f"}, next="m"),
        agent("e"),
        agent("f"),
        agent("m"),
        agent("z"),
        agent("j"),
    )
    expected = {"c": "j", "d": "m", "e": "m", "f": "m", "m": "j", "z": "j", "j": "end"}
    assert nexts(raw) == expected


def test_a_wrong_meeting_point_is_reported_where_it_was_written() -> None:
    raw = workflow(choice("c", {"x": "a"}, next="jion"), agent("a"), agent("join"))
    (problem,) = [p for p in validate(raw, CATALOGUE) if p.code == "unknown_target"]
    assert problem.path == "/steps/0/next"
    assert problem.fix == ({"op": "replace", "path": "/steps/0/next", "value": "join"},)


def test_retries_become_attempts() -> None:
    assert only(workflow(agent("a", retries=3)))["retry"]["max_attempts"] == 4


@pytest.mark.parametrize("retries", [11, -1, True, "2", 1.5, [], {}])
def test_wrong_retries_are_refused(retries: Any) -> None:
    assert [p.path for p in refusals(workflow(agent("a", retries=retries)))] == ["/steps/0/retries"]


def test_retries_and_retry_exclude_each_other() -> None:
    (problem,) = refusals(workflow(agent("a", retries=1, retry={"max_attempts": 2})))
    assert problem.code == "conflicting_fields"
    assert problem.fix == ({"op": "remove", "path": "/steps/0/retries"},)


def test_short_branches_become_lists_of_one_step() -> None:
    raw = workflow(
        {
            "id": "p",
            "type": "parallel",
            "branches": [
                {"id": "x", "agent_id": "writer", "input": "hi"},
                {"id": "y", "tool": "native:text_stats", "arguments": {"text": "${user_input}"}},
            ],
        }
    )
    first, second = normalise(raw).to_json()["steps"][0]["branches"]
    assert (first["id"], first["entry_step"]) == ("x", "x")
    assert (
        first["steps"][0] | {"id": "x", "type": "agent", "input": "hi", "next": "end"}
        == (first["steps"][0])
    )
    assert second["steps"][0]["arguments"] == {"text": "${user_input}"}


def test_problems_of_a_short_branch_point_into_what_was_sent() -> None:
    raw = workflow(
        {"id": "p", "type": "parallel", "branches": [{"id": "x", "agent_id": 5}, {"id": "1"}]}
    )
    places = [(p.code, p.path) for p in refusals(raw)]
    assert ("wrong_type", "/steps/0/branches/0/agent_id") in places
    assert ("bad_id", "/steps/0/branches/1/id") in places


def test_a_foreach_collects_its_results_by_default() -> None:
    fields = {"id": "l", "type": "loop", "max_iterations": 2, "steps": [agent("a")]}
    foreach = only(workflow(fields | {"loop_mode": "foreach", "over": [1]}))
    count = only(workflow(fields | {"loop_mode": "count"}))
    assert foreach["collect_results"] is True
    assert count["collect_results"] is False


def test_null_fields_are_absent_fields() -> None:
    raw = workflow(agent("a", tools=None, output_schema=None, timeout=None), output=None)
    assert normalise(raw) == normalise(workflow(agent("a")))


def test_an_unknown_field_names_the_nearest_known_one() -> None:
    step = agent("a")
    step["agnet_id"] = step.pop("agent_id")
    (problem,) = refusals(workflow(step))
    assert (problem.code, problem.path) == ("unknown_field", "/steps/0/agnet_id")
    assert problem.hint == "Did you mean 'agent_id'?"
    move = {"op": "move", "from": "/steps/0/agnet_id", "path": "/steps/0/agent_id"}
    assert problem.fix == (move,)


@pytest.mark.parametrize("kind", ["webhook", "agnet", 5, None])
def test_an_unknown_type_names_those_that_exist(kind: Any) -> None:
    (problem,) = refusals(workflow({"id": "a", "type": kind, "whatever": 1}))
    assert problem.code == ("missing_field" if kind is None else "unknown_step_type")
    assert problem.hint == (
        "The types are agent, tool, parallel, conditional, loop, approval, wait, set, workflow, end."
    )


@pytest.mark.parametrize(
    ("fields", "path"),
    [
        ({"name": "Hi ${user_input}"}, "/steps/0/name"),
        ({"output_schema": {"enum": ["${x}"]}}, "/steps/0/output_schema/enum/0"),
        ({"agent": {"instructions": "Do ${user_input}"}}, "/steps/0/agent/instructions"),
        ({"input": {"${user_input}": 1}}, "/steps/0/input/${user_input}"),
    ],
)
def test_templates_stand_only_where_they_are_read(fields: dict[str, Any], path: str) -> None:
    problems = refusals(workflow(agent("a") | fields))
    assert [(p.code, p.path) for p in problems] == [("template_not_allowed", path)]


def test_texts_that_do_not_parse_are_refused_with_their_place() -> None:
    raw = workflow(
        agent("a", input={"x": ["${nope}"]}),
        {"id": "c", "type": "conditional", "conditions": [{"when": "1 +", "next": "end"}]},
    )
    assert [(p.code, p.path) for p in refusals(raw)] == [
        ("template_syntax", "/steps/0/input/x/0"),
        ("condition_syntax", "/steps/1/conditions/0/when"),
    ]


def test_problems_come_in_document_order_and_all_at_once() -> None:
    raw = workflow(agent("1", timeout=0), tool("b", argumnets={}), {"type": "end", "id": "e\n"})
    assert [p.path for p in refusals(raw)] == [
        "/steps/0/id",
        "/steps/0/timeout",
        "/steps/1/argumnets",
        "/steps/2/id",
    ]


def test_pointers_escape_keys() -> None:
    raw = workflow(agent("a")) | {"a/b~c": 1}
    assert [p.path for p in refusals(raw)] == ["/a~1b~0c"]


def test_the_hash_is_that_of_the_meaning_not_of_the_spelling() -> None:
    short = normalise(workflow(agent("a", retries=1)))
    reordered = dict(reversed(list(short.to_json().items())))
    assert content_hash(normalise(reordered)) == content_hash(short)
    assert content_hash(normalise(workflow(agent("a")))) != content_hash(short)
    assert len(content_hash(short)) == 64


def test_a_draft_may_be_empty() -> None:
    definition = normalise({"id": "w", "name": "W"})
    assert definition.steps == []
    assert definition.entry_step is None


def test_the_input_is_not_touched_and_not_shared() -> None:
    raw = workflow(tool("t", arguments={"text": "x", "deep": {"a": [1]}}), context={"k": [1]})
    before = repr(raw)
    definition = normalise(raw)
    assert repr(raw) == before
    raw["context"]["k"].append(2)
    assert definition.context == {"k": [1]}
