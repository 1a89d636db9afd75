"""The steps that steer a run: approval, wait, set and workflow, and what a step may spend."""

from typing import Any

import pytest

from tests.workflows.definition.worlds import CATALOGUE, agent, tool, workflow
from workflows.definition.normalise import normalise
from workflows.definition.problems import DefinitionError, Problem
from workflows.definition.validate import report, validate


def approval(name: str, **fields: Any) -> dict[str, Any]:
    """An approval step as it would be sent."""
    return {"id": name, "type": "approval", "approval_message": "Go on?"} | fields


def step(**fields: Any) -> dict[str, Any]:
    """The canonical form of one step."""
    found: dict[str, Any] = normalise(workflow({"id": "a"} | fields)).to_json()["steps"][0]
    return found


def problems(*steps: dict[str, Any], **fields: Any) -> list[tuple[str, str, str]]:
    """Code, severity and place of what is found."""
    found = validate(workflow(*steps, **fields), CATALOGUE)
    return [(p.code, p.severity, p.path) for p in found]


def refusal(**fields: Any) -> list[Problem]:
    """Why a step is refused."""
    with pytest.raises(DefinitionError) as caught:
        step(**fields)
    return caught.value.problems


def test_the_defaults_are_written_out() -> None:
    common = {"name": "", "description": "", "on_error": "fail", "next": "end", "id": "a"}
    assert step(type="approval") == common | {
        "type": "approval",
        "approval_message": "",
        "approvers": [],
        "required_approvals": 1,
        "on_reject": "fail",
    }
    assert step(type="wait", duration_seconds=5) == common | {"type": "wait", "duration_seconds": 5}
    assert step(type="set") == common | {"type": "set", "values": {}, "compute": {}}
    assert step(type="workflow", workflow_id="w2") == common | {
        "type": "workflow",
        "workflow_id": "w2",
        "input": "${user_input}",
        "context": {},
    }


def test_one_approver_may_be_written_as_text() -> None:
    assert step(type="approval", approvers="group:ops")["approvers"] == ["group:ops"]


def test_what_a_rejection_leads_to_is_not_fallen_into() -> None:
    raw = workflow(approval("a", on_reject="no"), agent("no"), agent("b"))
    nexts = {one["id"]: one["next"] for one in normalise(raw).to_json()["steps"]}
    assert nexts == {"a": "b", "no": "b", "b": "end"}


def test_a_rejection_must_lead_to_a_step_of_the_list() -> None:
    found = problems(approval("a", on_reject="noo"), agent("no"))
    assert ("unknown_target", "error", "/steps/0/on_reject") in found


@pytest.mark.parametrize(
    ("fields", "code", "path"),
    [
        ({"type": "wait"}, "missing_configuration", ""),
        ({"type": "wait", "duration_seconds": 1, "until": "${user_input}"}, "conflicting_fields", "/duration_seconds"),
        ({"type": "wait", "until": "tomorrow"}, "bad_time", "/until"),
        ({"type": "wait", "until": "2030-01-31T09:00:00"}, "bad_time", "/until"),
        ({"type": "set"}, "missing_configuration", ""),
        ({"type": "set", "values": {"a b": 1}}, "bad_key", "/values/a b"),
        ({"type": "set", "values": {"x": 1}, "compute": {"x": "1"}}, "conflicting_fields", "/compute/x"),
        ({"type": "workflow"}, "missing_configuration", ""),
        ({"type": "workflow", "workflow_id": "b", "context": {"": 1}}, "bad_key", "/context/"),
        ({"type": "approval", "approvers": ["group:"]}, "bad_approver", "/approvers/0"),
        ({"type": "approval", "approvers": ["a", "b "]}, "bad_approver", "/approvers/1"),
        ({"type": "approval", "required_approvals": 2}, "out_of_range", "/required_approvals"),
        ({"type": "approval", "required_approvals": 3, "approvers": ["a", "b"]}, "out_of_range", "/required_approvals"),
    ],
)  # fmt: skip
def test_what_is_missing_or_contradicts_itself_is_an_error_that_saves(
    fields: dict[str, Any], code: str, path: str
) -> None:
    raw = workflow({"id": "a"} | fields)
    assert (code, "error", f"/steps/0{path}") in problems(*raw["steps"])
    found = report(raw, CATALOGUE)
    assert found.definition is not None
    assert found.blocked_steps == ["a"]


@pytest.mark.parametrize(
    "fields",
    [
        {"type": "wait", "duration_seconds": 31_536_000},
        {"type": "wait", "until": "2030-01-31T09:00:00Z"},
        {"type": "wait", "until": "2030-01-31T09:00+01:00"},
        {"type": "wait", "until": "${input.when}"},
        {
            "type": "set",
            "values": {"x-1": "${user_input}"},
            "compute": {"n": "size(${user_input})"},
        },
        {"type": "approval", "required_approvals": 9, "approvers": ["group:ops", "alice"]},
        {"type": "approval", "content": {"text": "${user_input}"}, "approval_timeout_seconds": 60},
    ],
)
def test_what_is_complete_gives_no_finding(fields: dict[str, Any]) -> None:
    assert problems({"id": "a"} | fields) == []


@pytest.mark.parametrize(
    ("fields", "path"),
    [
        ({"type": "wait", "duration_seconds": 0}, "/duration_seconds"),
        ({"type": "wait", "duration_seconds": 31_536_001}, "/duration_seconds"),
        ({"type": "wait", "duration_seconds": "5"}, "/duration_seconds"),
        ({"type": "approval", "required_approvals": 21}, "/required_approvals"),
        ({"type": "approval", "approvers": ["a"] * 51}, "/approvers"),
        ({"type": "approval", "approvers": ["${user_input}"]}, "/approvers/0"),
        ({"type": "approval", "message": "x"}, "/message"),
        ({"type": "set", "values": {f"k{n}": n for n in range(101)}}, "/values"),
        ({"type": "set", "compute": {"x": "1 +"}}, "/compute/x"),
        ({"type": "set", "compute": {"x": 1}}, "/compute/x"),
        ({"type": "set", "compute": {"${user_input}": "1"}}, "/compute/${user_input}"),
        ({"type": "set", "values": {"x": "${nope}"}}, "/values/x"),
        ({"type": "workflow", "workflow_id": "b", "version": 0}, "/version"),
        ({"type": "workflow", "workflow_id": "b", "limits": {"max_tokens": 0}}, "/limits/max_tokens"),
        ({"type": "tool", "limits": {"max_cost_usd": 0.0}}, "/limits/max_cost_usd"),
        ({"type": "wait", "duration_seconds": 5, "limits": {}}, "/limits"),
    ],
)  # fmt: skip
def test_what_cant_be_represented_is_refused(fields: dict[str, Any], path: str) -> None:
    assert [problem.path for problem in refusal(**fields)] == [f"/steps/0{path}"]


def test_unknown_fields_name_the_nearest() -> None:
    hints = [
        refusal(type="wait", seconds=5)[0].hint,
        refusal(type="approval", message="x")[0].hint,
        refusal(type="approval", timeout_seconds=5)[0].hint,
        refusal(type="workflow", workflow="b")[0].hint,
        refusal(type="tool", tool="native:x", limits={"max_tokenz": 5})[0].hint,
    ]
    names = ["duration_seconds", "approval_message", "approval_timeout_seconds"]
    names += ["workflow_id", "max_tokens"]
    assert hints == [f"Did you mean {name!r}?" for name in names]


def test_a_missing_type_is_offered() -> None:
    telling: list[tuple[dict[str, Any], str]] = [
        ({"duration_seconds": 5}, "wait"),
        ({"approvers": []}, "approval"),
        ({"values": {}}, "set"),
        ({"workflow_id": "b"}, "workflow"),
    ]
    for fields, kind in telling:
        (problem,) = refusal(**fields)
        assert problem.fix == ({"op": "add", "path": "/steps/0/type", "value": kind},)


def test_limits_of_a_step_are_kept_and_no_limit_is_none() -> None:
    limits = {"max_tokens": 10, "max_cost_usd": 0.5, "max_tool_calls": 2}
    assert step(type="tool", limits=limits)["limits"] == limits
    assert "limits" not in step(type="tool", limits={"max_tokens": None})


def test_a_short_branch_may_run_a_workflow() -> None:
    branches = [{"id": "x", "workflow_id": "b", "input": "hi"}, {"id": "y", "agent_id": "writer"}]
    first = step(type="parallel", branches=branches)["branches"][0]["steps"][0]
    assert (first["type"], first["workflow_id"], first["input"]) == ("workflow", "b", "hi")


def test_parts_of_outputs_that_cant_be_are_found() -> None:
    steps = [
        approval("a"),
        {"id": "w", "type": "wait", "duration_seconds": 1},
        {"id": "s", "type": "set", "values": {"x": 1}},
    ]
    wrong = ["steps.a.output.aproved", "steps.w.output.x", "steps.s.output.y"]
    right = ["steps.a.output.edited.x", "steps.a.output.by[0]", "steps.s.output.x"]
    for reference in wrong:
        found = problems(*steps, tool("t", arguments={"text": f"${{{reference}}}"}))
        assert ("no_such_value", "error", "/steps/3/arguments/text") in found
    for reference in right:
        assert problems(*steps, tool("t", arguments={"text": f"${{{reference}}}"})) == []
