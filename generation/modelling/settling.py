"""Puts what a fill call answered, which is untrusted, into the draft: checked values, offered data, no new errors."""

from collections.abc import Iterable
from typing import Any

from common import strict_json
from generation.expanding.draft import Draft
from generation.expanding.gaps import OpenArguments, OpenCondition
from generation.planning.data import Source
from workflows.definition.conditions import (
    ConditionSyntaxError,
    check_condition,
    references_in_condition,
)
from workflows.definition.references import (
    Reference,
    TemplateSyntaxError,
    references_in,
)

MAX_ARGUMENTS = 20
MAX_VALUE_BYTES = 64 * 1024
_DEEPEST = 20


def settle_arguments(draft: Draft, gap: OpenArguments, answer: dict[str, Any]) -> bool:
    """Take over each argument that fits the tool's schema and names only offered data; whether a guess was settled."""
    settled = False
    for given in answer["arguments"][:MAX_ARGUMENTS]:
        name = given["name"]
        if name in gap.given or not _is_property(draft, gap, name):
            continue
        value = _value(given["value_json"], gap.sources)
        if value is not None and _put(draft, gap.step["arguments"], {name: value}):
            settled = True
            draft.settle(gap.warnings.get(name, ""))
    return settled


def settle_conditions(draft: Draft, gap: OpenCondition, answer: dict[str, Any]) -> bool:
    """Take the conditions over if each of them is one and names only offered data; whether that was done."""
    conditions = [text.strip() for text in answer["conditions"]]
    if len(conditions) != len(gap.words):
        return False
    if not all(_is_condition(text, gap.sources) for text in conditions):
        return False
    if not _put(draft, gap.step, _fields(gap.step, conditions)):
        return False
    draft.settle(gap.warning)
    return True


def _fields(step: dict[str, Any], conditions: list[str]) -> dict[str, Any]:
    """The changed fields of a loop or conditional; null takes a field away."""
    if step["type"] == "loop":
        return {"exit_condition": conditions[0]}
    targets = step["conditional_branches"].values()
    arms = [{"when": when, "next": to} for when, to in zip(conditions, targets, strict=True)]
    return {"conditions": arms, "condition_source": None, "conditional_branches": None}


def _put(draft: Draft, place: dict[str, Any], changed: dict[str, Any]) -> bool:
    """Change `place`, a part of the draft's raw definition, unless that makes new errors."""
    before, known = dict(place), _told(draft)
    place.update(changed)
    for name in [name for name, value in changed.items() if value is None]:
        place.pop(name, None)
    if _told(draft) <= known:
        return True
    place.clear()
    place.update(before)
    return False


def _told(draft: Draft) -> set[tuple[str, str]]:
    return {(problem.path, problem.code) for problem in draft.errors()}


def _is_property(draft: Draft, gap: OpenArguments, name: str) -> bool:
    entry = draft.offered.tools.get(gap.step["tool"])
    return entry is not None and name in (entry.input_schema.get("properties") or {})


def _value(text: str, sources: Iterable[Source]) -> Any:
    """The value in `text`; null for what is no JSON, or names data that was not offered."""
    try:
        value = strict_json.loads(text, max_bytes=MAX_VALUE_BYTES)
        strict_json.check(value, max_depth=_DEEPEST)
        references = references_in(value)
    except (strict_json.RefusedJson, TemplateSyntaxError):
        return None
    return value if _are_offered(references, sources) else None


def _is_condition(text: str, sources: Iterable[Source]) -> bool:
    try:
        check_condition(text)
        return _are_offered(references_in_condition(text), sources)
    except ConditionSyntaxError:
        return False


def _are_offered(references: Iterable[Reference], sources: Iterable[Source]) -> bool:
    """Whether each reference is one of the offered ones, or leads on from one."""
    offered = [root for source in sources for root in references_in(source.template)]
    return all(
        any(one.root == root.root and one.path[: len(root.path)] == root.path for root in offered)
        for one in references
    )
