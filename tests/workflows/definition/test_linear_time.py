"""The work of validating grows with the steps, not with their square."""

import sys
from collections.abc import Callable
from types import FrameType
from typing import Any

import pytest

from tests.workflows.definition.worlds import CATALOGUE, agent, choice, tool
from workflows.definition.validate import validate

MAX_RATIO = 2.6


def chain(count: int) -> list[dict[str, Any]]:
    """Tool steps that each use the one before."""
    text = "${{steps.s{}.output.words ?? 1}}"
    return [
        tool(f"s{n}", arguments={"text": text.format(max(n - 1, 0))} if n else {"text": "x"})
        for n in range(count)
    ]


def diamonds(count: int) -> list[dict[str, Any]]:
    """Conditionals whose arms meet, each joined by alternatives."""
    steps: list[dict[str, Any]] = []
    for n in range(count // 4):
        steps += [
            choice(f"c{n}", {"x": f"a{n}"}, default=f"b{n}", next=f"j{n}"),
            agent(f"a{n}"),
            agent(f"b{n}"),
            agent(f"j{n}", input=f"${{steps.a{n}.output ?? steps.b{n}.output}}"),
        ]
    return steps


def back_edges(count: int) -> list[dict[str, Any]]:
    """Every step can lead back to the one before, or fail over to the next but one."""
    return [
        choice(f"s{n}", {"back": f"s{max(n - 1, 0)}", "on": f"s{min(n + 1, count - 1)}"})
        for n in range(count - 1)
    ] + [agent(f"s{count - 1}")]


def tangled(count: int) -> list[dict[str, Any]]:
    """A chain that can be entered at both ends and walked both ways: no order of following it is good."""
    middle = back_edges(count - 1)
    return [choice("start", {"first": "s0", "last": f"s{count - 2}"}), *middle]


def wrong(count: int) -> list[dict[str, Any]]:
    """Steps that are wrong in several ways."""
    return [
        agent(f"s{n}", agent_id="writr", next=f"z{n}", input=f"${{steps.y{n}.output}}")
        for n in range(count)
    ]


def containers(count: int) -> list[dict[str, Any]]:
    """Loops with two steps each."""
    return [
        {
            "id": f"l{n}",
            "type": "loop",
            "loop_mode": "count",
            "max_iterations": 2,
            "steps": [agent(f"a{n}"), agent(f"b{n}", input=f"${{steps.a{n}.output}}")],
        }
        for n in range(count // 3)
    ]


def steering(count: int) -> list[dict[str, Any]]:
    """Keys of the context that loops write and later steps read, with approvals between."""
    steps: list[dict[str, Any]] = []
    for n in range(count // 5):
        put = {"id": f"s{n}", "type": "set", "values": {f"k{n}": "${context.k0 ?? 1}"}}
        ask = {"id": f"a{n}", "type": "approval", "on_reject": f"u{n}"}
        child = {"id": f"w{n}", "type": "workflow", "workflow_id": f"child{n}"}
        loop = {"id": f"l{n}", "type": "loop", "loop_mode": "count", "max_iterations": 2}
        steps += [ask, loop | {"steps": [put, child]}, agent(f"u{n}", input=f"${{context.k{n}}}")]
    return steps


def calls(work: Callable[[], object]) -> int:
    """How many Python functions `work` calls: a measure that the load of the machine does not change."""
    count = 0

    def on_call(frame: FrameType, event: str, argument: object) -> None:
        nonlocal count
        if event in ("call", "c_call"):
            count += 1

    sys.setprofile(on_call)
    try:
        work()
    finally:
        sys.setprofile(None)
    return count


@pytest.mark.parametrize(
    "shape", [chain, diamonds, back_edges, tangled, wrong, containers, steering]
)
def test_twice_the_steps_are_about_twice_the_work(
    shape: Callable[[int], list[dict[str, Any]]],
) -> None:
    half = {"id": "w", "name": "W", "steps": shape(500)}
    full = {"id": "w", "name": "W", "steps": shape(1000)}
    validate(full, CATALOGUE)
    work = [calls(lambda raw=raw: validate(raw, CATALOGUE)) for raw in (half, full)]  # type: ignore[misc]
    assert work[0] > 1000
    assert work[1] / work[0] < MAX_RATIO


@pytest.mark.parametrize(
    "text", ["${", "{{", "$${", "${user_input", "${user_input ?? [[", "{{ a ", "${a.", "$"]
)
def test_twice_the_text_is_about_twice_the_work(text: str) -> None:
    def validated(count: int) -> int:
        step = {"id": "a", "type": "agent", "agent_id": "writer", "input": text * count}
        raw = {"id": "w", "name": "W", "steps": [step]}
        return calls(lambda: validate(raw, CATALOGUE))

    assert validated(20_000) < MAX_RATIO * validated(10_000) + 1000
