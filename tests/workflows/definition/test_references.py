"""Templates: what they find, what they give, and what they refuse."""

from typing import Any

import pytest
from pydantic import JsonValue

from workflows.definition.references import (
    MISSING,
    Expression,
    Missing,
    Reference,
    TemplateSyntaxError,
    TemplateTooLarge,
    TemplateUnresolved,
    follow,
    parse_template,
    references_in,
    replace_expression,
    resolve,
)

DATA: dict[str, Any] = {
    "user_input": "hello",
    "input": {"n": 5, "flag": True, "none": None, "list": [1, {"a": "x"}], "t": "${user_input}"},
    "steps": {"a-b": {"output": {"items": [{"id": 7}]}}},
    "context": {"größe": 1.5},
}


def look(reference: Reference) -> JsonValue | Missing:
    """Look a reference up in `DATA`."""
    return follow(DATA, (reference.root, *reference.path))


def test_a_reference_is_a_root_and_a_path() -> None:
    (found,) = references_in("${steps.a-b.output.items[0]}")
    assert found == Reference("steps", ("a-b", "output", "items", 0), "steps.a-b.output.items[0]")


def test_references_come_once_and_in_order() -> None:
    value: JsonValue = ["${input.b} ${user_input}", {"k": "${input.b ?? input.a}"}]
    assert [ref.text for ref in references_in(value)] == ["input.b", "user_input", "input.a"]


@pytest.mark.parametrize(
    ("template", "expected"),
    [
        ("${input.n}", 5),
        ("${input.flag}", True),
        ("${input.none}", None),
        ("${input.list}", [1, {"a": "x"}]),
        ("${context.größe}", 1.5),
        ("${ user_input }", "hello"),
        ("say ${user_input}!", "say hello!"),
        ("${input.n}${input.flag}", "5true"),
        ("[${input.list}]", '[[1,{"a":"x"}]]'),
        ("${input.none};", "null;"),
        ("costs $5 and $${user_input}", "costs $5 and ${user_input}"),
        ("$$${user_input}", "$${user_input}"),
        ("${input.gone ?? user_input}", "hello"),
        ("${input.none ?? 3}", 3),
        ("${input.gone ?? input.none}", None),
        ('${input.gone ?? {"a}": [1, "}"]}}', {"a}": [1, "}"]}),
        ("${input.gone ?? null}", None),
        ("plain", "plain"),
        ({"k": ["${input.n}", 1]}, {"k": [5, 1]}),
    ],
)
def test_what_a_template_gives(template: JsonValue, expected: JsonValue) -> None:
    result = resolve(template, look)
    assert result == expected
    assert type(result) is type(expected)


def test_a_resolved_value_is_not_resolved_again() -> None:
    assert resolve("${input.t}", look) == "${user_input}"
    assert resolve("x ${input.t}", look) == "x ${user_input}"


def test_a_missing_path_is_an_error_that_names_it() -> None:
    with pytest.raises(TemplateUnresolved, match=r"\$\{input\.gone\} is missing") as caught:
        resolve("${input.gone}", look)
    assert caught.value.reference.text == "input.gone"


@pytest.mark.parametrize("path", [("list", "0"), ("list", 2), ("n", "x"), ("flag", 0), ("t", 0)])
def test_paths_lead_through_keys_and_indexes_only(path: tuple[str | int, ...]) -> None:
    assert follow(DATA["input"], path) is MISSING


@pytest.mark.parametrize(
    "text",
    [
        "${",
        "${}",
        "${user_input",
        "${5}",
        "${user_input()}",
        "${user_input + 1}",
        "${steps}",
        "${steps.a}",
        "${steps.a.secret}",
        "${steps[0].output}",
        "${steps.p.branches}",
        "${steps.p.branches.b}",
        "${input}",
        "${context}",
        "${loop}",
        "${loop.foo}",
        "${execution.secret}",
        "${secrets.key}",
        "${user_input ?? 1 ?? 2}",
        "${user_input ?? NaN}",
        '${user_input ?? "\\ud800"}',
        "${user_input ?? 1e999}",
        "${user_input ?? " + "9" * 30 + "}",
        "${user_input ?? " + "[" * 3000,
        "${input.a[99999999999]}",
        "${input.a[-1]}",
        "${input..a}",
    ],
)
def test_everything_else_is_refused(text: str) -> None:
    with pytest.raises(TemplateSyntaxError):
        parse_template(text)


def test_a_misspelt_root_is_recognised() -> None:
    with pytest.raises(TemplateSyntaxError, match="Did you mean 'steps'"):
        parse_template("${stpes.a.output}")


def test_an_expression_can_be_rewritten_in_its_text() -> None:
    (_, expression, _) = parse_template("a ${input.x} b")
    assert isinstance(expression, Expression)
    text = "$${input.x} ${input.x} ${ input.x } ${input.y}"
    expected = "$${input.x} ${input.z} ${input.z} ${input.y}"
    assert replace_expression(text, expression, "input.z") == expected


def test_a_mutated_result_does_not_change_the_next_one() -> None:
    first = resolve("${input.gone ?? [1]}", look)
    assert isinstance(first, list)
    first.append(2)
    assert resolve("${input.gone ?? [1]}", look) == [1]


@pytest.mark.parametrize("template", ["${user_input}", "${user_input}!"])
def test_templates_that_would_fill_the_memory_are_refused(template: str) -> None:
    """A megabyte of template over 64 KiB of input would be five gigabytes."""
    with pytest.raises(TemplateTooLarge, match="32 MiB"):
        resolve([template] * 80_000, lambda _: "x" * 65_536)
    assert resolve([template] * 2, lambda _: "x" * 65_536)
