"""Conditionals: by text, by conditions, and without a match."""

from typing import Any

import pytest

from tests.executions.conftest import RunDefinition
from tests.executions.engine.building import choose, decide, echo, end

WAYS = [end("one", 1), end("two", 2), end("other", 0)]


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("Yes", 1),
        ("  yes\n", 1),
        ("YES", 1),
        ("STRASSE", 2),
        ("no", 0),
        ("", 0),
    ],
)
def test_a_text_chooses_trimmed_and_case_folded(
    run: RunDefinition, value: str, expected: int
) -> None:
    branches = {"yes": "one", "Straße": "two"}
    steps = [choose("which", "${user_input}", branches, default="other"), *WAYS]
    assert run({"steps": steps}, user_input=value).output == expected


@pytest.mark.parametrize(("value", "expected"), [(True, 1), ({"a": 1}, 2), (None, 0), ("true", 1)])
def test_other_values_choose_by_their_json(run: RunDefinition, value: Any, expected: int) -> None:
    branches = {"true": "one", '{"a":1}': "two"}
    steps = [choose("which", "${input.v}", branches, default="other"), *WAYS]
    assert run({"steps": steps}, input={"v": value}).output == expected


def test_the_first_condition_that_holds_chooses(run: RunDefinition) -> None:
    steps = [
        decide(
            "which",
            ("${input.n} > 100", "other"),
            ("${input.n} > 10 && ${input.vip} == true", "one"),
            ("${input.n} > 10", "two"),
        ),
        *WAYS,
    ]
    assert run({"steps": steps}, input={"n": 50, "vip": True}).output == 1
    assert run({"steps": steps}, input={"n": 50, "vip": False}).output == 2


def test_the_output_says_what_was_seen_and_where_it_leads(run: RunDefinition) -> None:
    steps = [
        choose("text", "${user_input}", {"a": "rule"}),
        decide("rule", ("false", "last"), default="last"),
        end("last", ["${steps.text.output}", "${steps.rule.output}"]),
    ]
    assert run({"steps": steps}, user_input="A").output == [
        {"value": "A", "next": "rule"},
        {"value": None, "next": "last"},
    ]


@pytest.mark.parametrize(
    "step", [choose("which", "x", {"a": "done"}), decide("which", ("1 > 2", "done"))]
)
def test_no_match_and_no_default_is_an_error(run: RunDefinition, step: Any) -> None:
    ran = run({"steps": [step, end("done")]})
    assert (ran.row.status, ran.row.error_kind, ran.row.failed_step) == (
        "FAILED",
        "no_match",
        "which",
    )


@pytest.mark.parametrize(
    ("condition", "kind"),
    [
        ("${input.text} > 5", "condition_error"),
        ("${input.n}", "condition_error"),
        ("${input.nothing} == 1", "template_error"),
        ("${input.list}.exists(x, x == 2) && size(${input.long}) > 0", "condition_error"),
    ],
)
def test_a_condition_that_gives_no_answer_is_an_error_that_can_be_caught(
    run: RunDefinition, condition: str, kind: str
) -> None:
    given = {"text": "five", "n": 3, "list": [1, 2], "long": "x" * 70_000}
    steps = [
        echo("a"),
        decide("which", (condition, "done"), on_error="rescue"),
        end("done"),
        end("rescue", "${error.kind}"),
    ]
    assert run({"steps": steps}, input=given).output == kind


def test_a_condition_sees_a_small_part_of_a_large_value(run: RunDefinition) -> None:
    given = {"flag": True, "long": "x" * 70_000}
    steps = [decide("which", ("${input.flag}", "one"), default="other"), *WAYS]
    assert run({"steps": steps}, input=given).output == 1
