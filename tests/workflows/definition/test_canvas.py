"""Drawings keep cards apart, follow declared order and stay fast."""

import time
from itertools import combinations
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from workflows.definition.canvas import Box, layout, positions
from workflows.definition.steps import Definition, walk


def tool(step_id: str, next_id: str = "end", **more: Any) -> dict[str, Any]:
    return {"id": step_id, "type": "tool", "tool": "native:text_stats", "next": next_id, **more}


def definition(*steps: dict[str, Any]) -> Definition:
    entry = steps[0]["id"] if steps else None
    return Definition.model_validate(
        {"id": "drawn", "name": "Drawn", "entry_step": entry, "steps": list(steps)}
    )


def overlap(one: Box, other: Box) -> bool:
    return (
        one.x < other.x + other.width
        and other.x < one.x + one.width
        and one.y < other.bottom
        and other.y < one.bottom
    )


def contains(outer: Box, inner: Box) -> bool:
    return (
        outer.x <= inner.x
        and outer.y <= inner.y
        and inner.x + inner.width <= outer.x + outer.width
        and inner.bottom <= outer.bottom
    )


@st.composite
def step_lists(draw: st.DrawFn, prefix: str = "s", depth: int = 2) -> list[dict[str, Any]]:
    """Any list of steps: jumps forward and back, error paths, unreachable steps, containers."""
    ids = [f"{prefix}{number}" for number in range(draw(st.integers(1, 7 if depth else 3)))]
    targets = st.sampled_from([*ids, "end"])
    kinds = ["tool", "conditional", "end"] + (["parallel", "loop"] if depth else [])
    return [
        draw(one_step(step_id, targets, draw(st.sampled_from(kinds)), depth)) for step_id in ids
    ]


@st.composite
def one_step(
    draw: st.DrawFn, step_id: str, targets: st.SearchStrategy[str], kind: str, depth: int
) -> dict[str, Any]:
    if kind == "end":
        return {"id": step_id, "type": "end"}
    if kind == "conditional":
        arms = draw(st.dictionaries(st.sampled_from("abcd"), targets, min_size=1))
        return {
            "id": step_id,
            "type": "conditional",
            "condition_source": "${user_input}",
            "conditional_branches": arms,
            "default": draw(targets),
        }
    if kind == "tool":
        return tool(step_id, draw(targets), on_error=draw(st.one_of(st.just("fail"), targets)))
    if kind == "loop":
        return {
            "id": step_id,
            "type": "loop",
            "loop_mode": "count",
            "max_iterations": 2,
            "next": draw(targets),
            "steps": draw(step_lists(f"{step_id}x", depth - 1)),
        }
    branches = [
        {"id": f"{step_id}b{number}", "steps": draw(step_lists(f"{step_id}b{number}x", depth - 1))}
        for number in range(draw(st.integers(0, 3)))
    ]
    return {"id": step_id, "type": "parallel", "branches": branches, "next": draw(targets)}


@settings(max_examples=150, deadline=None)
@given(step_lists())
def test_no_two_cards_overlap_and_containers_hold_their_steps(steps: list[dict[str, Any]]) -> None:
    drawn = definition(*steps)
    drawing = layout(drawn)
    assert set(drawing.cards) == {step.id for _, step in walk(drawn.steps)}
    ancestors = {key: _ancestors(key, drawing.parents) for key in drawing.cards}
    for one, other in combinations(drawing.cards, 2):
        if one in ancestors[other]:
            assert contains(drawing.cards[one], drawing.cards[other])
        elif other in ancestors[one]:
            assert contains(drawing.cards[other], drawing.cards[one])
        else:
            assert not overlap(drawing.cards[one], drawing.cards[other])
    paper = Box(0, 0, drawing.width, drawing.height)
    assert all(contains(paper, box) for box in drawing.cards.values())
    assert all(
        0 <= x <= drawing.width and 0 <= y <= drawing.height
        for line in drawing.lines
        for x, y in line.points
    )


def _ancestors(step_id: str, parents: dict[str, str | None]) -> set[str]:
    found: set[str] = set()
    parent = parents[step_id]
    while parent is not None:
        found.add(parent)
        parent = parents[parent]
    return found


def test_steps_follow_each_other_downwards_in_one_column() -> None:
    cards = layout(definition(tool("one", "two"), tool("two", "three"), tool("three"))).cards
    assert cards["one"].bottom < cards["two"].y
    assert cards["two"].bottom < cards["three"].y
    assert cards["one"].x == cards["two"].x == cards["three"].x


def test_arms_stand_side_by_side_in_declared_order_above_their_join() -> None:
    choice = {
        "id": "choice",
        "type": "conditional",
        "condition_source": "${user_input}",
        "conditional_branches": {"high": "second", "low": "first"},
        "default": "third",
    }
    steps = [choice, tool("first", "join"), tool("second", "join"), tool("third", "join")]
    cards = layout(definition(*steps, tool("join"))).cards
    assert cards["second"].x < cards["first"].x < cards["third"].x
    assert cards["first"].y == cards["second"].y == cards["third"].y
    assert cards["join"].y > cards["first"].bottom
    assert cards["join"].centre == cards["choice"].centre


def test_a_way_back_up_does_not_pull_its_target_down() -> None:
    cards = layout(definition(tool("draft", "judge"), tool("judge", "draft"))).cards
    assert cards["draft"].y < cards["judge"].y


def test_positions_of_inner_steps_are_relative_to_their_container() -> None:
    loop = {
        "id": "again",
        "type": "loop",
        "loop_mode": "count",
        "max_iterations": 2,
        "steps": [tool("inner")],
    }
    drawn = definition(tool("before", "again"), loop)
    drawing, places = layout(drawn), positions(drawn)
    assert places["again"]["y"] == drawing.cards["again"].y
    assert places["inner"]["y"] == drawing.cards["inner"].y - drawing.cards["again"].y


def test_an_empty_draft_has_a_drawing() -> None:
    assert layout(definition()).cards == {}


def seconds_to_place(steps: int) -> float:
    """CPU seconds, at best, for so many steps whose errors all lead to the last one."""
    last = f"s{steps - 1}"
    ways = [tool(f"s{n}", f"s{n + 1}", on_error=last) for n in range(steps - 1)]
    drawn = definition(*ways, tool(last))
    spent = []
    for _ in range(5):
        started = time.process_time()
        layout(drawn)
        spent.append(time.process_time() - started)
    return min(spent)


def test_four_times_as_many_steps_are_not_placed_sixteen_times_as_slowly() -> None:
    assert seconds_to_place(800) < 10 * seconds_to_place(200)


def test_a_thousand_steps_in_a_row_do_not_exhaust_the_stack() -> None:
    steps = [tool(f"s{n}", f"s{n + 1}") for n in range(999)]
    assert len(layout(definition(*steps, tool("s999"))).cards) == 1000
