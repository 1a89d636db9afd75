"""References and templates as a run resolves them."""

from typing import Any

import pytest

from tests.executions.conftest import RunDefinition
from tests.executions.engine.building import broken, echo, end, loop, parallel

GIVEN = {
    "user_input": "hi",
    "input": {"n": 3, "list": [1, {"a-b": True}], "empty": None, "text": "${user_input}"},
    "context": {"team": "sales"},
}


@pytest.mark.parametrize(
    ("template", "expected"),
    [
        ("${input.n}", 3),
        ("${input.list}", [1, {"a-b": True}]),
        ("${input.list[1].a-b}", True),
        ("n=${input.n}, l=${input.list}", 'n=3, l=[1,{"a-b":true}]'),
        ("${user_input}!", "hi!"),
        ("${input.nothing ?? user_input}", "hi"),
        ("${input.empty ?? 5}", 5),
        ("${input.empty}", None),
        ('${input.nothing ?? {"a": [1]}}', {"a": [1]}),
        ("$${user_input} costs $5", "${user_input} costs $5"),
        # What came in is data: it is not resolved again.
        ("${input.text}", "${user_input}"),
        ({"k": ["${input.n}", {"d": "${user_input}"}]}, {"k": [3, {"d": "hi"}]}),
        ("${context.team}", "sales"),
        ("${context.region}", "for hi"),
        ("${steps.a.output.result}", {"x": 1}),
        ("${steps.a.status}", "COMPLETED"),
        ('${steps.a.error ?? "none"}', "none"),
        ("${steps.bad.status}", "FAILED"),
        ("${steps.bad.error.kind}", "tool_error"),
        ('${steps.bad.output ?? "no output"}', "no output"),
        ("${steps.skipped.status}", "SKIPPED"),
        ("${steps.skipped.output}", None),
        ("${steps.fan.branches.one.output.result}", 1),
        ("${steps.fan.branches.two.status}", "FAILED"),
        ("${steps.fan.branches.two.error.step}", "inner"),
        ("${steps.fan.output[0].result}", 1),
        ("${error.step}", "bad"),
    ],
)
def test_a_template_gives(run: RunDefinition, template: Any, expected: Any) -> None:
    steps = [
        echo("a", {"x": 1}),
        broken("skipped", on_error="skip"),
        parallel("fan", {"one": [echo("fine", 1)], "two": [broken("inner")]}, min_success=1),
        broken("bad", on_error="done"),
        end("done", {"is": template}),
    ]
    ran = run(
        {"context": {"team": "support", "region": "for ${user_input}"}, "steps": steps},
        **GIVEN,
    )
    assert ran.output == {"is": expected}


def test_execution_names_the_run_and_its_start(run: RunDefinition) -> None:
    ran = run({"steps": [end("done", ["${execution.id}", "${execution.started_at}"])]})
    row = ran.row
    assert row.started_at is not None
    assert ran.output == [ran.id, row.started_at.isoformat()]


@pytest.mark.parametrize(
    "template", ["${input.nothing}", "a ${steps.later.output} b", "${loop.item}", "${error}"]
)
def test_a_missing_reference_is_a_template_error(run: RunDefinition, template: str) -> None:
    ran = run({"steps": [echo("a", template), echo("later")]})
    row = ran.row
    assert (row.status, row.error_kind, row.failed_step) == ("FAILED", "template_error", "a")
    assert ran.paths == ["a"]


def test_a_missing_reference_in_the_declared_output_fails_the_run(run: RunDefinition) -> None:
    ran = run({"output": "${input.nothing}", "steps": [echo("a")]})
    assert (ran.row.status, ran.row.error_kind) == ("FAILED", "template_error")
    assert ran.statuses == {"a": "COMPLETED"}


def test_inner_steps_see_outer_steps_but_not_the_other_way_round(run: RunDefinition) -> None:
    steps = [
        echo("outer", 1),
        parallel(
            "fan", {"one": [echo("inner", "${steps.outer.output.result}")], "two": [echo("x")]}
        ),
        end("done", ["${steps.fan.output[0].result}", '${steps.inner.output ?? "hidden"}']),
    ]
    assert run({"steps": steps}).output == [1, "hidden"]


def test_iterations_start_without_the_records_of_earlier_ones(run: RunDefinition) -> None:
    body = [echo("seen", '${steps.late.status ?? "none"}'), echo("late")]
    each = loop(
        "rounds", "count", body, max_iterations=2, collect_results=True,
        output="${steps.seen.output.result}",
    )  # fmt: skip
    assert run({"steps": [each]}).output == ["none", "none"]
