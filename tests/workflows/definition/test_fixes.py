"""Every fix is a JSON Patch of what was sent, and applying it removes the problem."""

import copy
import json
from typing import Any

import jsonpatch
import pytest

from tests.workflows.definition.worlds import CATALOGUE, agent, choice, example, tool, workflow
from workflows.definition.problems import Problem
from workflows.definition.validate import validate

STRAY: dict[str, Any] = {"id": "l", "type": "loop", "loop_mode": "count", "steps": [agent("i")]}
FAN: dict[str, Any] = {
    "id": "p",
    "type": "parallel",
    "branches": [{"id": "x", "agent_id": "writr"}, {"id": "y", "tool": "native:text_stats"}],
    "min_success": 4,
}


def broken() -> list[dict[str, Any]]:
    """Definitions with all kinds of mistakes that can be mended mechanically."""
    misspelt = agent("a")
    misspelt["agnet_id"] = misspelt.pop("agent_id")
    triage, research = example("triage"), example("research")
    triage["steps"][1]["default"] = "escalat"
    triage["steps"][4]["arguments"]["text"] = "${steps.reply.output}"
    triage["outptu"] = triage.pop("output")
    research["steps"][1]["steps"][0]["input"]["sources"] = "${steps.web.output} {{user_input}}"
    return [
        triage,
        research,
        workflow(STRAY | {"max_iteration": 3}),
        workflow(misspelt, {"id": "b", "agent_id": "writer"}, {"id": "c", "type": "agnet"}),
        workflow(STRAY | {"exit_condition": "true"}, FAN, agent("z", input="${steps.y.output}")),
        workflow(choice("c", {"x": "a", "X": "b"}, on_error="skip"), agent("a"), agent("b")),
        workflow(choice("c", {"x": "a"}, next="jj"), agent("a", input="${steps.cc.output}")),
        workflow(
            agent("a", retries=1, retry={}, agent={"instructions": "x"}, tools=["git:git_log"])
        ),
        workflow(agent("a"), choice("c", {"x": "end"}, condition_source="${steps.a.output}")),
        workflow(tool("t", arguments={"txt": 5, "top": "5", "mode": "word", "tags": "x"})),
        workflow(agent("a"), agent("b", input="${steps.a.output.title} ${steps.a.error}")),
        workflow({"id": "e", "type": "end", "status": "faild", "error": "x"}),
        workflow({"id": "e", "type": "end", "error": "x"}),
        workflow(agent("a", on_error=[{"match": ["tiemout"], "next": "bb"}]), agent("bbb")),
    ]


def key(problem: Problem) -> tuple[str, str, str]:
    """What makes a problem the same one after a fix."""
    return problem.code, problem.path, problem.message


CASES = [
    pytest.param(raw, problem, id=f"{number}-{problem.code}-{problem.path}")
    for number, raw in enumerate(broken())
    for problem in validate(raw, CATALOGUE)
    if problem.fix is not None
]


def test_the_mistakes_cover_most_kinds_of_fixes() -> None:
    fixed = {case.values[1].code for case in CASES}  # type: ignore[union-attr]
    assert fixed >= {
        "unknown_field",
        "missing_field",
        "unknown_step_type",
        "unknown_value",
        "unknown_target",
        "unknown_agent",
        "unknown_step",
        "branch_as_step",
        "guessed_next",
        "maybe_unassigned",
        "never_assigned",
        "unbounded_loop",
        "unused_field",
        "equal_choices",
        "conflicting_fields",
        "out_of_range",
        "free_text_choice",
        "bad_arguments",
        "no_such_value",
        "double_braces",
        "tool_not_allowed",
    }


@pytest.mark.parametrize(("raw", "problem"), CASES)
def test_a_fix_removes_its_problem(raw: dict[str, Any], problem: Problem) -> None:
    sent = json.loads(json.dumps(raw))
    assert problem.fix is not None
    mended = jsonpatch.apply_patch(sent, copy.deepcopy(list(problem.fix)))
    assert key(problem) in {key(one) for one in validate(sent, CATALOGUE)}
    assert key(problem) not in {key(one) for one in validate(mended, CATALOGUE)}
