"""Values too big for Temporal: they stay in PostgreSQL and every reference works all the same."""

from typing import Any

import pytest

from executions.models import StoredValue
from tests.executions.conftest import RunDefinition
from tests.executions.engine.building import choose, decide, echo, end, loop, parallel

ITEMS = [{"name": f"item {number}", "text": "x" * 900, "n": number} for number in range(100)]
BIG = "y" * 100_000
MAKE = echo("make", "${input.items}")


@pytest.mark.parametrize(
    ("template", "expected"),
    [
        ("${steps.make.output.result[3].name}", "item 3"),
        ("${steps.make.output.result[99].n}", 99),
        ("n is ${steps.make.output.result[7].n}", "n is 7"),
        ("${steps.make.output.result[200].n ?? 5}", 5),
        ("${steps.make.output}", {"result": ITEMS, "found": True}),
        ({"all": "${steps.make.output.result}"}, {"all": ITEMS}),
        (["${input.text}", "${steps.make.output.found}"], [BIG, True]),
    ],
)
def test_a_reference_into_a_large_value_gives(
    run: RunDefinition, template: Any, expected: Any
) -> None:
    ran = run({"steps": [MAKE, end("done", template)]}, input={"items": ITEMS, "text": BIG})
    assert ran.output == expected
    assert StoredValue.objects.filter(execution_id=ran.id).exists()
    assert ran.history_bytes() < 40_000


def test_a_path_that_leads_nowhere_in_a_large_value_is_an_error(run: RunDefinition) -> None:
    steps = [MAKE, end("done", "${steps.make.output.result[500].name}")]
    ran = run({"steps": steps}, input={"items": ITEMS})
    assert (ran.status, ran.row.error_kind) == ("FAILED", "template_error")


@pytest.mark.parametrize(
    ("condition", "expected"),
    [
        ("${steps.make.output.result[5].n} == 5", "yes"),
        ("${steps.make.output.result[500].n ?? 1} == 5", "no"),
        ("size(${steps.make.output.result}) == 100", "condition_error"),
        ("${steps.make.output.result[500].n} == 5", "template_error"),
    ],
)
def test_a_condition_over_a_large_value(run: RunDefinition, condition: str, expected: str) -> None:
    steps = [
        MAKE,
        decide("which", (condition, "yes"), default="no", on_error="bad"),
        end("yes", "yes"),
        end("no", "no"),
        end("bad", "${error.kind}"),
    ]
    assert run({"steps": steps}, input={"items": ITEMS}).output == expected


def test_many_large_values_in_one_condition_are_refused_before_they_travel(
    run: RunDefinition,
) -> None:
    given = {f"k{number}": "x" * 60_000 for number in range(50)}
    condition = " || ".join(f'${{input.k{number}}} == "a"' for number in range(50))
    steps = [
        decide("which", (condition, "yes"), default="no", on_error="bad"),
        end("yes", "yes"),
        end("no", "no"),
        end("bad", "${error.kind}"),
    ]
    ran = run({"steps": steps}, input=given)
    assert ran.output == "condition_error"
    assert ran.history_bytes() < 500_000


def test_a_text_of_middle_size_can_be_chosen_by(run: RunDefinition) -> None:
    steps = [
        echo("make", "${input.text}"),
        choose("which", "${steps.make.output.result}", {"a": "x"}, default="y", on_error="bad"),
        end("x"),
        end("y", "default"),
        end("bad", "${error.kind}"),
    ]
    assert run({"steps": steps}, input={"text": "z" * 30_000}).output == "default"
    assert run({"steps": steps}, input={"text": BIG}).output == "condition_error"


@pytest.mark.parametrize("at_once", [1, 4])
def test_a_loop_walks_a_large_list(run: RunDefinition, at_once: int) -> None:
    each = loop(
        "each", "foreach", [echo("say", "${loop.item.n}")], over="${steps.make.output.result}",
        output="${steps.say.output.result}", max_iterations=100, max_concurrency=at_once,
    )  # fmt: skip
    ran = run({"steps": [MAKE, each]}, input={"items": ITEMS})
    assert ran.output == list(range(100))


def test_large_outputs_are_collected(run: RunDefinition) -> None:
    each = loop("each", "count", [echo("big", "${input.text}")], max_iterations=2,
                output="${steps.big.output.result}", collect_results=True)  # fmt: skip
    steps = [each, end("done", "${steps.each.output}")]
    ran = run({"steps": steps}, input={"text": BIG})
    assert ran.output == [BIG, BIG]
    assert ran.history_bytes() < 40_000


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        (["${input.a}", "${input.b}"], {"x": BIG, "y": BIG}),
        (["${input.a}", "${input.a}"], "merge_conflict"),
    ],
)
def test_large_outputs_are_merged(run: RunDefinition, values: list[str], expected: Any) -> None:
    branches = {f"b{number}": [echo(f"s{number}", value)] for number, value in enumerate(values)}
    fan = parallel("fan", branches, aggregation="merge", on_error="bad")
    for number, branch in enumerate(fan["branches"]):
        branch["output"] = f"${{steps.s{number}.output.result}}"
    steps = [fan, end("done", "${steps.fan.output}"), end("bad", "${error.kind}")]
    ran = run({"steps": steps}, input={"a": {"x": BIG}, "b": {"y": BIG}})
    assert ran.output == expected


def test_many_middle_sized_values_in_a_row_fit_into_workflow_tasks(run: RunDefinition) -> None:
    rounds = loop("rounds", "count", [echo("big", "${input.text}")], max_iterations=320,
                  output="${loop.iteration}")  # fmt: skip
    ran = run({"steps": [rounds]}, input={"text": "z" * 15_000})
    assert ran.output == 320


def test_many_large_values_at_once_fit_into_a_workflow_task(run: RunDefinition) -> None:
    each = loop("each", "foreach", [echo("big", "${input.text}")], over=list(range(100)),
                max_iterations=100, max_concurrency=100, output="${loop.index}")  # fmt: skip
    ran = run({"steps": [each]}, input={"text": "z" * 60_000})
    assert ran.output == list(range(100))
