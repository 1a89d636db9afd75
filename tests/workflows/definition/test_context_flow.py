"""What is known of `context` and of approvals where a step starts."""

from typing import Any

import pytest

from tests.workflows.definition.worlds import CATALOGUE, agent, choice, tool, workflow
from workflows.definition.validate import validate

USE = tool("use", arguments={"text": "${context.x}"})


def put(name: str, key: str = "x", **fields: Any) -> dict[str, Any]:
    """A step that writes a key of the context."""
    return {"id": name, "type": "set", "values": {key: "1"}} | fields


def loop(*steps: dict[str, Any], **fields: Any) -> dict[str, Any]:
    """A loop that runs twice."""
    filled = {"id": "l", "type": "loop", "loop_mode": "count", "max_iterations": 2}
    return filled | {"steps": list(steps)} | fields


def both(first: dict[str, Any], second: dict[str, Any], **fields: Any) -> dict[str, Any]:
    """A parallel of two branches of one step each."""
    branches = [{"id": "one", "steps": [first]}, {"id": "two", "steps": [second]}]
    return {"id": "p", "type": "parallel", "branches": branches} | fields


def found(*steps: dict[str, Any], **fields: Any) -> list[str]:
    """The codes of errors and warnings about references, `end` guesses aside."""
    problems = validate(workflow(*steps, **fields), CATALOGUE)
    return [p.code for p in problems if p.code in ("never_assigned", "maybe_unassigned")]


ASKED = {"id": "ok", "type": "approval"}
DESTROY = tool("destroy", tool="git:git_reset", arguments={})


def warns(*steps: dict[str, Any]) -> bool:
    """Whether the destructive tool is warned of."""
    codes = [p.code for p in validate(workflow(*steps), CATALOGUE)]
    return "destructive_tool" in codes


SURE: list[list[dict[str, Any]]] = [
    [put("s"), USE],
    [{"id": "s", "type": "set", "compute": {"x": "1 + 1"}}, USE],
    [loop(put("s")), USE],
    [loop(put("s"), loop_mode="foreach", over=["a"]), USE],
    [both(put("s"), agent("a")), USE],
    [both(put("s"), put("t"), aggregation="first"), USE],
    [choice("c", {"a": "s"}, default="t", next="use"), put("s"), put("t"), USE],
    [put("s"), loop(USE)],
    [put("s"), both(USE, agent("a"))],
]
MAYBE: list[list[dict[str, Any]]] = [
    [loop(put("s"), loop_mode="foreach", over="${input.list}"), USE],
    [loop(put("s"), break_condition="${user_input} == 'x'"), USE],
    [both(put("s"), agent("a"), min_success=1), USE],
    [both(put("s"), agent("a"), aggregation="first"), USE],
    [choice("c", {"a": "s"}, default="use", next="use"), put("s"), USE],
    [put("s", on_error="skip"), USE],
    [loop(put("s"), on_error="skip"), USE],
    [loop(USE, put("s"))],
    [choice("c", {"a": "use", "b": "s"}), USE, put("s", next="c")],
]
NEVER: list[list[dict[str, Any]]] = [
    [USE],
    [USE, put("s")],
    [put("s", key="y"), USE],
    [both(put("s"), USE)],
    [loop(USE, put("s"), loop_mode="foreach", over=["a", "b"], max_concurrency=2)],
    [{"id": "s", "type": "set", "values": {"x": "${context.x}"}}],
]


@pytest.mark.parametrize("steps", SURE)
def test_a_key_that_is_set_on_every_path_is_there(steps: list[dict[str, Any]]) -> None:
    assert found(*steps) == []


@pytest.mark.parametrize("steps", MAYBE)
def test_a_key_that_is_set_on_some_paths_only_is_warned_of(steps: list[dict[str, Any]]) -> None:
    assert found(*steps) == ["maybe_unassigned"]
    assert found(*steps, context={"x": None}) == []


@pytest.mark.parametrize("steps", NEVER)
def test_a_key_that_nothing_sets_is_an_error(steps: list[dict[str, Any]]) -> None:
    assert found(*steps) == ["never_assigned"]
    assert found(*steps, context={"x": 0}) == []


def test_alternatives_may_be_set_one_on_each_path() -> None:
    use = tool("use", arguments={"text": "${context.x ?? context.y}"})
    arms = [choice("c", {"a": "s"}, default="t", next="use"), put("s"), put("t", key="y")]
    assert found(*arms, use) == []
    inner = [choice("c", {"a": "s"}, default="t", next="end"), put("s"), put("t", key="y")]
    assert found(loop(*inner), use) == []


def test_an_end_of_the_run_inside_a_loop_may_have_set_a_key() -> None:
    stop = {"id": "stop", "type": "end"}
    assert found(loop(put("s"), stop), output="${context.x}") == ["maybe_unassigned"]
    assert found(put("s"), loop(stop), output="${context.x}") == []


def test_a_destructive_tool_behind_an_approval_gives_no_warning() -> None:
    assert warns(DESTROY)
    assert not warns(ASKED, DESTROY)
    assert not warns(ASKED, loop(DESTROY))
    assert not warns(loop(ASKED), DESTROY)


def test_an_approval_that_is_not_sure_does_not_count() -> None:
    assert warns(DESTROY, ASKED)
    assert warns({**ASKED, "on_reject": "destroy"}, DESTROY)
    assert warns({**ASKED, "on_error": "skip"}, DESTROY)
    assert warns(choice("c", {"a": "ok"}, default="destroy", next="destroy"), ASKED, DESTROY)
    assert warns(both(ASKED, DESTROY))


def test_the_output_of_an_approval_is_there_after_a_rejection_too() -> None:
    use = tool("use", arguments={"text": "${steps.ok.output.comment}"})
    assert found({**ASKED, "on_reject": "use", "next": "use"}, use) == []
    assert found({**ASKED, "on_error": "use", "next": "use"}, use) == ["maybe_unassigned"]


def conflicts(*steps: dict[str, Any]) -> list[str]:
    """Where keys are written that can't be joined."""
    problems = validate(workflow(*steps), CATALOGUE)
    return [p.path for p in problems if p.code == "write_conflict"]


def test_a_key_that_two_branches_write_is_warned_of() -> None:
    assert conflicts(both(put("s"), put("t"))) == ["/steps/0/branches"]
    assert conflicts(both(put("s"), loop(put("t")), min_success=2)) == ["/steps/0/branches"]
    assert conflicts(both(put("s"), put("t", key="y"))) == []
    assert conflicts(both(put("s"), put("t"), aggregation="first")) == []
    assert conflicts(put("s"), loop(put("t"))) == []


def test_a_key_that_iterations_write_at_the_same_time_is_warned_of() -> None:
    many = {"loop_mode": "foreach", "over": "${input.x}", "max_concurrency": 2}
    assert conflicts(loop(put("s"), **many)) == ["/steps/0/max_concurrency"]
    assert conflicts(loop(agent("a"), **many)) == []
