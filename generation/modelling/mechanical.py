"""Fixes that need no model: the JSON Patches that problems bring along."""

import copy
from difflib import SequenceMatcher
from typing import Any

import jsonpatch

from generation.expanding.draft import Draft
from workflows.definition.problems import Problem

MAX_FIXES = 20
_NAMES = frozenset({"unknown_agent", "unknown_tool", "unknown_server"})
# A name that is less alike may mean something else: that is for the model to say.
ALIKE = 0.9


def mend(draft: Draft) -> None:
    """Carry out the fixes of the draft's errors, one after the other, each that leaves fewer errors than before."""
    for _ in range(MAX_FIXES):
        if not _mended_one(draft):
            return


def _mended_one(draft: Draft) -> bool:
    errors = draft.errors()
    before = draft.raw
    for problem in errors:
        fixed = _fixed(before, problem)
        if fixed is None:
            continue
        draft.raw = fixed
        if len(draft.errors()) < len(errors):
            draft.warnings += _told(before, problem)
            return True
        draft.raw = before
    return False


def _fixed(raw: dict[str, Any], problem: Problem) -> dict[str, Any] | None:
    if not problem.fix or (problem.code in _NAMES and not _is_misspelt(raw, problem)):
        return None
    try:
        fixed: dict[str, Any] = jsonpatch.apply_patch(raw, copy.deepcopy(list(problem.fix)))
    except (jsonpatch.JsonPatchException, jsonpatch.JsonPointerException):
        return None
    return fixed


def _is_misspelt(raw: dict[str, Any], problem: Problem) -> bool:
    named, meant = (_plain(name) for name in _names(raw, problem))
    return SequenceMatcher(None, named, meant).ratio() >= ALIKE


def _told(raw: dict[str, Any], problem: Problem) -> list[str]:
    if problem.code not in _NAMES:
        return []
    named, meant = _names(raw, problem)
    return [f"There is no {named[:100]!r}: {meant!r} was taken for it."]


def _names(raw: dict[str, Any], problem: Problem) -> tuple[str, str]:
    """The name that stands in the definition, and the one that the problem's fix puts there."""
    operation = (problem.fix or ({},))[0]
    named = jsonpatch.JsonPointer(str(operation.get("path", ""))).resolve(raw, "")
    return str(named), str(operation.get("value", ""))


def _plain(name: str) -> str:
    return name.casefold().replace("_", "-")
