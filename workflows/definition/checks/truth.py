"""Conditions that can't be true or false, whatever their references give."""

from collections.abc import Iterator
from itertools import pairwise

from workflows.definition.cel_text import CelText, Token
from workflows.definition.checks.subject import Subject
from workflows.definition.conditions import (
    ConditionFailed,
    ConditionSyntaxError,
    check_condition,
    evaluate,
)
from workflows.definition.graph import StepList
from workflows.definition.plain_json import join
from workflows.definition.problems import Problem
from workflows.definition.references import MISSING, Expression
from workflows.definition.steps import ConditionalStep, LoopStep, Step
from workflows.definition.value_shapes import reference_shape, types_of, walk

_BOOLEAN_SIGNS = frozenset({"&&", "||", "==", "!=", "<", ">", "<=", ">=", "!", "?", "in"})
_ARITHMETIC = frozenset({"+", "-", "*", "/", "%"})
_OTHER_FUNCTIONS = frozenset(
    {"size", "int", "uint", "double", "string", "type", "timestamp", "duration"}
)


def check(subject: Subject) -> Iterator[Problem]:
    """The value of a condition must be boolean."""
    steps = {name: place.step for name, place in subject.places.items()}
    for pointer, text in _conditions(subject.lists):
        try:
            parsed = check_condition(text)
        except ConditionSyntaxError:
            continue
        reason = _constant(text, parsed) or _not_boolean(parsed, steps, subject)
        if reason:
            hint = 'Compare it with something, such as == true, != "" or > 0.'
            yield Problem("not_boolean", "error", pointer, reason, hint)


def _conditions(lists: list[StepList]) -> Iterator[tuple[str, str]]:
    for steps in lists:
        for number, step in enumerate(steps.steps):
            pointer = steps.step_pointer(number)
            if isinstance(step, ConditionalStep):
                for arm, condition in enumerate(step.conditions or []):
                    yield join(pointer, "conditions", arm, "when"), condition.when
            elif isinstance(step, LoopStep):
                for name, text in (
                    ("exit_condition", step.exit_condition),
                    ("break_condition", step.break_condition),
                ):
                    if text is not None:
                        yield join(pointer, name), text


def _constant(text: str, parsed: CelText) -> str:
    """Why a condition without references fails; empty if it has some or holds true or false."""
    if parsed.variables:
        return ""
    try:
        value = evaluate(text, lambda _: MISSING)
    except ConditionFailed as error:
        return str(error)
    return "" if isinstance(value, bool) else "This is never true or false."


def _not_boolean(parsed: CelText, steps: dict[str, Step], subject: Subject) -> str:
    """Why the expression can't be boolean; empty if it can."""
    tokens = _bare(list(parsed.tokens))
    depth = min((token.depth for token in tokens), default=0)
    top = [token for token in tokens if token.depth == depth]
    if any(token.text in _BOOLEAN_SIGNS for token in top if token.kind != "string"):
        return ""
    if any(token.kind == "sign" and token.text in _ARITHMETIC for token in top):
        return "This gives a number, text or list, never true or false."
    if len(tokens) == 1 and tokens[0].kind == "variable":
        return _unfit(dict(parsed.variables)[tokens[0].text], steps, subject)
    if _is_collection(tokens):
        return "This gives a list or map, never true or false."
    calls = [before.text for before, token in pairwise(top) if token.text == "("]
    if calls and top[-1].text == ")" and calls[-1] in _OTHER_FUNCTIONS:
        return f"{calls[-1]}() gives no true or false."
    return ""


def _bare(tokens: list[Token]) -> list[Token]:
    """The tokens without brackets around the whole."""
    while len(tokens) > 2 and tokens[0].text == "(" and tokens[-1].text == ")":
        inside = tokens[1:-1]
        if any(token.depth <= tokens[0].depth for token in inside):
            return tokens
        tokens = inside
    return tokens


def _is_collection(tokens: list[Token]) -> bool:
    """Whether the whole is a list or map written out."""
    if len(tokens) < 2 or tokens[0].text not in ("[", "{"):
        return False
    return all(token.depth > tokens[0].depth for token in tokens[1:-1])


def _unfit(expression: Expression, steps: dict[str, Step], subject: Subject) -> str:
    """Why a reference that stands alone can't be boolean, if none of its alternatives can."""
    found: set[str] = set()
    for reference in expression.references:
        shape, length = reference_shape(reference, steps, subject.definition, subject.catalogue)
        shape, _ = walk(shape, reference.path[length:])
        types = types_of(shape)
        if not types or "boolean" in types:
            return ""
        found |= types
    if expression.has_literal and expression.literal in ("true", "false"):
        return ""
    return f"${{{expression.text}}} is {' or '.join(sorted(found))}, never true or false."
