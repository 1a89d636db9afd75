"""No input, however hostile, gets anything but a `DefinitionError` out of the package; canonical stays canonical."""

import json
from typing import Any

import jsonpatch
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from tests.workflows.definition.random_definitions import random_definition
from tests.workflows.definition.strategies import (
    CONDITIONS,
    LENIENT,
    NAMES,
    SCALARS,
    STEPS,
    TEXTS,
    VALUES,
)
from tests.workflows.definition.worlds import CATALOGUE, example_names
from tests.workflows.definition.worlds import example as example_file
from workflows.definition.conditions import (
    ConditionFailed,
    ConditionSyntaxError,
    evaluate,
    references_in_condition,
)
from workflows.definition.normalise import content_hash, normalise
from workflows.definition.problems import DefinitionError
from workflows.definition.references import (
    TemplateSyntaxError,
    TemplateUnresolved,
    references_in,
    resolve,
)
from workflows.definition.steps import Definition
from workflows.definition.validate import report, validate


def checked(raw: object) -> Definition | None:
    """The definition of `raw`, or nothing where it is refused; both must stay within the promises."""
    found = validate(raw, CATALOGUE)
    json.dumps([problem.to_json() for problem in found])
    definition: Definition | None
    try:
        definition = normalise(raw)
    except DefinitionError as error:
        refused = error.problems
        definition = None
    if definition is None:
        assert {problem.severity for problem in refused} == {"error"}
        assert {(p.code, p.path) for p in refused} <= {(p.code, p.path) for p in found}
        return None
    canonical = definition.to_json()
    again = normalise(canonical)
    assert again == definition
    assert again.to_json() == canonical
    assert Definition.model_validate(json.loads(json.dumps(canonical))) == definition
    assert content_hash(again) == content_hash(definition)
    return definition


@LENIENT
@given(VALUES)
@example(float("nan"))
@example(b"bytes")
@example({1: 2})
@example({"steps": ({},)})
@example({"id": "a", "name": "b", "steps": [{"type": []}, {"type": {}, "id": {}}]})
def test_any_value_is_refused_or_becomes_canonical(raw: object) -> None:
    checked(raw)


@LENIENT
@given(st.lists(STEPS, max_size=5), st.dictionaries(NAMES, VALUES, max_size=3))
def test_any_steps_are_refused_or_become_canonical(
    steps: list[Any], fields: dict[str, Any]
) -> None:
    checked({"id": "w", "name": "W", **fields, "steps": steps})


def places(value: object, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """The paths of everything inside `value`."""
    found = [path]
    if isinstance(value, dict):
        found += [place for key in value for place in places(value[key], (*path, key))]
    elif isinstance(value, list):
        found += [place for i, item in enumerate(value) for place in places(item, (*path, i))]
    return found


@LENIENT
@given(st.data())
def test_a_mutated_example_is_refused_or_becomes_canonical(data: st.DataObject) -> None:
    raw = example_file(data.draw(st.sampled_from(example_names())))
    for _ in range(data.draw(st.integers(1, 4))):
        path = data.draw(st.sampled_from(places(raw)[1:]))
        holder: Any = raw
        for key in path[:-1]:
            holder = holder[key]
        match data.draw(st.sampled_from(["replace", "remove", "rename", "copy"])):
            case "replace":
                holder[path[-1]] = data.draw(VALUES)
            case "remove":
                del holder[path[-1]]
            case "rename" if isinstance(holder, dict):
                holder[data.draw(st.one_of(NAMES, TEXTS))] = holder.pop(path[-1])
            case _:
                other = data.draw(st.sampled_from(places(raw)))
                value: Any = raw
                for key in other:
                    value = value[key]
                holder[path[-1]] = json.loads(json.dumps(value))
    checked(raw)


@pytest.mark.parametrize("seed", range(0, 600, 3))
def test_random_definitions_become_canonical_and_stay_so(seed: int) -> None:
    assert checked(random_definition(seed)) is not None


@pytest.mark.parametrize("name", example_names())
def test_examples_are_valid_without_a_warning(name: str) -> None:
    result = report(example_file(name), CATALOGUE)
    assert result.problems == []
    assert result.can_execute
    assert checked(example_file(name)) is not None


def deep(levels: int) -> dict[str, Any]:
    """Loops inside each other."""
    step: dict[str, Any] = {"id": "leaf", "type": "end"}
    for level in range(levels):
        step = {
            "id": f"l{level}",
            "type": "loop",
            "loop_mode": "count",
            "max_iterations": 1,
            "steps": [step],
        }
    return {"id": "w", "name": "W", "steps": [step]}


def test_eight_levels_are_allowed_and_nine_are_not() -> None:
    assert checked(deep(8)) is not None
    assert [p.code for p in validate(deep(9), CATALOGUE)] == ["too_deep"]


def test_a_value_that_holds_itself_is_refused() -> None:
    raw: dict[str, Any] = {"id": "w", "name": "W"}
    raw["steps"] = [raw]
    assert [p.code for p in validate(raw, CATALOGUE)] == ["too_deep"]


def test_a_thousand_steps_are_allowed_and_one_more_is_not() -> None:
    steps = [{"id": f"s{n}", "type": "end"} for n in range(1001)]
    assert checked({"id": "w", "name": "W", "steps": steps[:1000]}) is not None
    raw = {"id": "w", "name": "W", "steps": steps}
    assert [p.code for p in validate(raw, CATALOGUE)] == ["too_many_steps"]


def test_more_than_a_mebibyte_is_refused() -> None:
    step = {"id": "a", "type": "tool", "tool": "git:git_log", "arguments": {"x": "y" * 2**20}}
    raw = {"id": "w", "name": "W", "steps": [step]}
    assert "too_large" in [p.code for p in validate(raw, CATALOGUE)]


def test_thousands_of_wrong_fields_end_after_a_thousand_problems() -> None:
    raw = {"id": "w", "name": "W", "steps": []} | {f"stepz{n}": n for n in range(20_000)}
    assert len(validate(raw, CATALOGUE)) == 1000


@LENIENT
@given(TEXTS | st.text(alphabet="${}?.[]\"' abc0", max_size=60), VALUES)
def test_templates_give_a_value_or_their_own_errors(text: str, value: Any) -> None:
    try:
        references_in(text)
    except TemplateSyntaxError:
        return
    try:
        resolve(text, lambda _: value)
    except TemplateUnresolved:
        pytest.fail("a value was given for every reference")
    except (TypeError, ValueError):
        # Hypothesis also draws NaN and the like, which no lookup of ours gives.
        json.dumps(value, allow_nan=False)


@LENIENT
@given(CONDITIONS, SCALARS | st.lists(SCALARS, max_size=3))
def test_conditions_give_a_value_or_their_own_error(text: str, value: Any) -> None:
    try:
        references_in_condition(text)
    except ConditionSyntaxError:
        with pytest.raises(ConditionFailed):
            evaluate(text, lambda _: value)
        return
    try:
        result = evaluate(text, lambda _: value)
    except ConditionFailed:
        return
    json.dumps(result, allow_nan=False)


@LENIENT
@given(st.integers(0, 100_000))
def test_every_fix_applies_and_removes_its_problem(seed: int) -> None:
    raw = random_definition(seed)
    for problem in validate(raw, CATALOGUE):
        if problem.fix is None:
            continue
        fixed = jsonpatch.apply_patch(raw, list(problem.fix))
        left = [(p.code, p.path, p.message) for p in validate(fixed, CATALOGUE)]
        assert (problem.code, problem.path, problem.message) not in left
