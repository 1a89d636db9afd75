"""Results in the five step types that the scoring contract knows: people and pauses are passed over."""

from collections.abc import Mapping
from typing import Any

# They hold a run up and do nothing of what was asked for, so no expected answer has them.
HOLDING = frozenset({"approval", "wait"})
# Where a step names another one.
_TARGETS = frozenset(
    {"next", "default", "entry_step", "on_reject", "branches", "conditions", "steps"}
)


def in_scoring_form(response: Mapping[str, Any]) -> dict[str, Any]:
    """`response` with ways that led to an approval or a wait leading to what follows it; all else as it is.

    Only for measuring: what users get keeps every step.
    """
    workflow = response["workflow"]
    ways: dict[str, str] = {}
    _collect(workflow["steps"], ways)
    if not ways or all(step["id"] in ways for step in workflow["steps"]):
        return dict(response)
    return {**response, "workflow": _without(workflow, ways)}


def _collect(steps: list[dict[str, Any]], ways: dict[str, str]) -> None:
    for step in steps:
        if step["type"] in HOLDING:
            ways[step["id"]] = step["next"]
        _collect(step["steps"] if isinstance(step.get("steps"), list) else [], ways)
        for branch in step.get("branches") or ():
            if isinstance(branch, dict):
                _collect(branch.get("steps") or [], ways)


def _field(key: str, value: Any, ways: Mapping[str, str]) -> Any:
    if key == "conditional_branches":
        return {label: _after(target, ways) for label, target in value.items()}
    return _without(value, ways, is_target=True) if key in _TARGETS else value


def _without(value: Any, ways: Mapping[str, str], *, is_target: bool = False) -> Any:
    match value:
        case dict():
            return {key: _field(key, inner, ways) for key, inner in value.items()}
        case list():
            return [
                _without(inner, ways, is_target=is_target)
                for inner in value
                if not (isinstance(inner, dict) and inner.get("id") in ways)
            ]
        case str() if is_target:
            return _after(value, ways)
    return value


def _after(step_id: str, ways: Mapping[str, str]) -> str:
    while step_id in ways:
        step_id = ways[step_id]
    return step_id
