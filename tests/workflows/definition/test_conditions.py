"""Conditions: CEL over bound references, within limits."""

from typing import Any

import pytest
from pydantic import JsonValue

from workflows.definition.conditions import (
    ConditionFailed,
    ConditionReferenceMissing,
    ConditionSyntaxError,
    check_condition,
    evaluate,
    evaluate_condition,
    references_in_condition,
)
from workflows.definition.references import Missing, Reference, TemplateUnresolved, follow

DATA: dict[str, Any] = {
    "input": {
        "score": 0.9,
        "count": 3,
        "quoted": "' || true || '",
        "list": [1, 2, 3],
        "long": list(range(1001)),
        "text": "x" * 70_000,
        "none": None,
    },
    "context": {"is-vip": True},
    "user_input": "hello",
}


def look(reference: Reference) -> JsonValue | Missing:
    """Look a reference up in `DATA`."""
    return follow(DATA, (reference.root, *reference.path))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("${input.score} >= 0.8 && ${context.is-vip} == true", True),
        ("${input.count} == 3", True),
        ("${input.count} / 2 == 1", True),
        ("${input.score} > ${input.count}", False),
        ("${input.none} == null", True),
        ("${input.gone ?? 5} == 5", True),
        ("${input.quoted} == ''", False),
        ("${user_input} in ['hello', 'bye']", True),
        ("${input.list}.exists(x, x > 2)", True),
        ("${input.list}.all(x, x > 2)", False),
        ("size(${input.list}) == 3 && ${user_input}.startsWith('he')", True),
        ("${user_input}.matches('^h.*o$')", True),
        ("'$${x}' == '$' + '{x}'", True),
        ("(${input.count} > 1 ? 'a' : 'b') == 'a'", True),
    ],
)
def test_what_holds(text: str, expected: bool) -> None:
    assert evaluate_condition(text, look) is expected


def test_an_expression_may_compute_any_value() -> None:
    assert evaluate("${input.count} * 2", look) == 6
    assert evaluate("{'n': [${input.score}]}", look) == {"n": [0.9]}


def test_references_are_found() -> None:
    found = references_in_condition("${input.score} > 1 || ${input.a ?? context.b} == 'x'")
    assert [ref.text for ref in found] == ["input.score", "input.a", "context.b"]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("'${user_input}' == 'x'", "inside quotes"),
        ('"""a ${user_input}"""', "inside quotes"),
        ("r'\\${user_input}' == 'x'", "inside quotes"),
        ("user_input == 'x'", "'user_input' is unknown"),
        ("_ref0 == 1", "can't start with _ref"),
        ("now() > ${input.score}", "no function of conditions"),
        ("getenv('X') == ''", "no function of conditions"),
        ("${input.list}.map(x, x) == []", "not available"),
        ("${input.list}.filter(x, x > 1) == []", "not available"),
        ("has(${input.list})", "not available"),
        ("${input.list}.all(x, ${input.list}.exists(y, y == x))", "can't be nested"),
        ("${input.list}.exists(x, x.matches('a'))", "could take minutes"),
        ("exists(x, true)", "Write exists as"),
        ("${input.score} >", "no condition"),
        ("${input.score} // really", "comments"),
        ("", "no condition"),
        ("'" + "a" * 2000 + "'", "at most 2000 characters"),
        ("+".join(["${input.list}"] * 30), "plus signs"),
        ("'unclosed", "does not end"),
        ("${input}", "no known reference"),
        ("(" * 400 + "true" + ")" * 400, "no condition"),
    ],
)
def test_what_is_no_condition(text: str, message: str) -> None:
    with pytest.raises(ConditionSyntaxError, match=message):
        check_condition(text)
    with pytest.raises(ConditionFailed, match=message):
        evaluate(text, look)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("${input.score}", "must be true or false; it gave 0.9"),
        ("${input.count} / 0 == 1", "division by zero"),
        ("${user_input} > 1", "can't be evaluated"),
        ("${input.list}[5] == 1", "can't be evaluated"),
        ("${input.text} == ''", "larger than 64 KiB"),
        ("${input.long}.exists(x, x == -1)", "at most 1000 items"),
        ("[${input.long}][0].all(x, x > -1)", "at most 1000 items"),
        ("(${input.list} + ${input.long}).all(x, x > -1)", "at most 1000 items"),
        ("timestamp('2020-01-01T00:00:00Z')", "gives a time"),
    ],
)
def test_what_fails_at_run_time(text: str, message: str) -> None:
    with pytest.raises(ConditionFailed, match=message) as caught:
        evaluate_condition(text, look)
    assert not isinstance(caught.value, ConditionReferenceMissing)


def test_a_missing_reference_is_a_template_error() -> None:
    with pytest.raises(ConditionReferenceMissing, match=r"\$\{input\.gone\} is missing") as caught:
        evaluate_condition("${input.gone} == 1", look)
    assert isinstance(caught.value, ConditionFailed)
    assert isinstance(caught.value, TemplateUnresolved)
    assert caught.value.reference.text == "input.gone"


def test_joining_in_a_macro_is_bounded_by_the_size_of_the_values() -> None:
    data: dict[str, Any] = {"input": {"l": list(range(1000)), "big": [0] * 20_000}}
    with pytest.raises(ConditionFailed, match="too large for a \\+"):
        evaluate_condition(
            "${input.l}.exists(x, size(${input.big} + ${input.big}) == 0)",
            lambda ref: follow(data, (ref.root, *ref.path)),
        )
