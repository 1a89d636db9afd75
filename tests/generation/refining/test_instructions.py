"""Ordinary instructions, and what becomes of them: most are carried out, some are refused, none is carried out wrongly."""

import json
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from generation.refining.offline import follow
from tests.generation.refining.notation import called, parts, told
from tests.generation.refining.worlds import DESK, WORLDS
from workflows.definition.steps import Definition, to_json, walk

ITEMS = [
    json.loads(line)
    for line in Path(__file__).with_name("instructions.jsonl").read_text().splitlines()
]
# Of all of them; the others are right, and none is wrong.
MOST_REFUSED = 2
# Where a step stands is told by the flow.
_WAYS = {"next", "default", "on_error", "conditions", "conditional_branches", "entry_step", "steps", "branches"}  # fmt: skip


def verdict(item: dict[str, Any]) -> str:
    """'right', 'refused' (nothing was changed, and should have been), or what is wrong."""
    before = WORLDS[item["flow"]]
    followed = follow(item["say"], before, DESK)
    after = followed.outcome.definition
    if item["becomes"] is None:
        return "right" if after is before and followed.refusals else told(after, before)
    if after is before:
        return "refused"
    wanted = item["becomes"] if isinstance(item["becomes"], list) else [item["becomes"]]
    wrong = [] if (flow := told(after, before)) in wanted else [flow]
    wrong += _fields(item.get("fields", {}), parts(after, before))
    wrong += [f"touched {name}" for name in _touched(before, after) - set(item.get("touches", ()))]
    wrong += [problem.message for problem in followed.outcome.new_errors]
    return "; ".join(wrong) or "right"


def _fields(wanted: dict[str, Any], steps: dict[str, dict[str, Any]]) -> list[str]:
    found = []
    for path, value in wanted.items():
        step, *names = path.split(".")
        there: Any = steps.get(step)
        for name in names:
            there = there.get(name) if isinstance(there, dict) else None
        is_so = (
            value["has"].lower() in str(there).lower()
            if isinstance(value, dict)
            else there == value
        )
        found += [] if is_so else [f"{path} is {there!r}"]
    return found


def _touched(before: Definition, after: Definition) -> set[str]:
    """The steps that are left and differ in more than their ways."""
    known = {step.id for _, step in walk(before.steps)}
    old = {step.id: step for _, step in walk(before.steps)}
    new = {called(s, known): s for _, s in walk(after.steps) if s.id in known}
    return {name for name, step in new.items() if _plain(step) != _plain(old[name])}


def _plain(step: Any) -> str:
    return json.dumps({k: v for k, v in to_json(step).items() if k not in _WAYS})


@pytest.mark.parametrize("item", ITEMS, ids=[item["say"][:60] for item in ITEMS])
def test_an_instruction_is_carried_out_as_it_is_meant_or_refused(item: dict[str, Any]) -> None:
    assert verdict(item) in ("right", "refused")


def test_few_are_refused() -> None:
    """The share that is carried out (or rightly left alone), over all; a wrong change fails above."""
    found = Counter(verdict(item) for item in ITEMS)
    assert found["refused"] <= MOST_REFUSED
