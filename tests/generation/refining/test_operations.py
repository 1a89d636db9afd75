"""Operations on a definition: what they read, do, leave alone and refuse."""

import json
import random
from typing import Any

import pytest

from generation.refining.application import OperationsRefused, apply_operations
from generation.refining.operations import (
    MAX_OPERATIONS,
    OPERATIONS_SCHEMA,
    AddStep,
    Connect,
    Disconnect,
    MoveStep,
    Operation,
    Place,
    RemoveStep,
    Repeat,
    SetSetting,
    SuggestAgent,
    Together,
    UpdateStep,
    to_json,
)
from generation.refining.reading import UnreadableOperations, read_answer, read_operations
from tests.workflows.definition.random_definitions import Generator
from tests.workflows.definition.worlds import CATALOGUE, agent, choice, workflow
from workflows.definition.edge_slots import slots
from workflows.definition.normalise import normalise
from workflows.definition.problems import DefinitionError
from workflows.definition.steps import Definition, walk
from workflows.definition.steps import to_json as step_json

LINE = normalise(workflow(agent("a"), agent("b"), agent("c")))
ONE_OF_EACH: tuple[Operation, ...] = (
    AddStep("n", "agent", {"agent_id": "writer", "input": "${user_input}"}, Place("after", "a")),
    UpdateStep("b", {"timeout": 30, "name": "Zwei"}),
    RemoveStep("c"),
    MoveStep("b", Place("before", "a")),
    Connect("a", "", "end"),
    Disconnect("a", "next"),
    Together("both", ("a", "b")),
    Repeat("again", ("both",), {"loop_mode": "count", "max_iterations": 2}),
    SetSetting("description", "New"),
    SuggestAgent("poet", "Poet", "Writes poems", "Write poems."),
)


def answer(*operations: dict[str, Any]) -> str:
    """A model's answer with these operations."""
    return json.dumps({"operations": operations, "explanation": "", "unplaced": []})


def refused(operations: list[Operation], definition: Definition = LINE) -> str:
    """The sentences with which the operations are refused."""
    with pytest.raises(OperationsRefused) as caught:
        apply_operations(definition, operations, CATALOGUE)
    return " ".join(caught.value.problems)


@pytest.mark.parametrize("operation", ONE_OF_EACH, ids=lambda one: type(one).__name__)
def test_what_is_written_is_read_again(operation: Operation) -> None:
    assert read_operations([to_json(operation)]) == (operation,)
    assert read_answer(answer(to_json(operation)))[0] == (operation,)


def test_operations_are_carried_out_in_order() -> None:
    changed = apply_operations(LINE, ONE_OF_EACH[:3], CATALOGUE)
    assert [(step.id, step.name, getattr(step, "next", "")) for step in changed.steps] == [
        ("a", "", "n"),
        ("n", "", "b"),
        ("b", "Zwei", "end"),
    ]


def test_an_update_leaves_the_other_fields() -> None:
    before = normalise(workflow(agent("a", input="x", timeout=9, retries=2, max_turns=3)))
    after = apply_operations(before, [UpdateStep("a", {"timeout": None})], CATALOGUE)
    assert step_json(after.steps[0]) == step_json(before.steps[0]) | {"timeout": 120}


def test_a_new_branch_is_made_for_a_step_that_names_it() -> None:
    fan = normalise(
        workflow(
            {"id": "p", "type": "parallel", "branches": [{"id": "x", "agent_id": "writer"}] * 1}
        )
    )
    more = AddStep("y1", "agent", {"agent_id": "judge"}, Place("end", "p/y"))
    changed = apply_operations(fan, [more], CATALOGUE)
    assert [step.id for _, step in walk(changed.steps)] == ["p", "x", "y1"]
    assert apply_operations(changed, [RemoveStep("p/y")], CATALOGUE) == fan


def test_a_suggested_agent_may_be_used() -> None:
    use = AddStep("d", "agent", {"agent_id": "poet"}, Place("end"))
    assert "no agent 'poet'" in refused([use])
    changed = apply_operations(LINE, [ONE_OF_EACH[-1], use], CATALOGUE)
    assert changed.steps[-1].id == "d"


def test_an_alias_stands_for_what_was_offered() -> None:
    nested = {"branches": [{"id": "x", "agent_id": "r1"}, {"id": "y", "tool": "r2"}]}
    add = AddStep("p", "parallel", nested, Place("end"))
    aliases = {"r1": "judge", "r2": "git:git_log"}
    (read,) = read_operations([to_json(add)], aliases=aliases)
    assert isinstance(read, AddStep)
    told = json.dumps(read.fields)
    assert "judge" in told
    assert "git:git_log" in told


def test_a_bare_word_is_read_as_the_text_it_is_meant_to_be() -> None:
    raw = {"update": "a", "fields": [{"field": "name", "value_json": "Read the mail"}]}
    assert read_operations([raw]) == (UpdateStep("a", {"name": "Read the mail"}),)


@pytest.mark.parametrize(
    ("operation", "told"),
    [
        (AddStep("n", "agent", {"agent_id": "nobody"}, Place("end")), "no agent 'nobody'"),
        (AddStep("n", "tool", {"tool": "git:format_disk"}, Place("end")), "no tool"),
        (
            AddStep(
                "n",
                "agent",
                {"agent": {"instructions": "x", "tools": ["git:format_disk"]}},
                Place("end"),
            ),
            "no tool",
        ),
        (AddStep("n", "workflow", {"workflow_id": "theirs"}, Place("end")), "no workflow 'theirs'"),
        (AddStep("a", "agent", {"agent_id": "writer"}, Place("end")), "already a step 'a'"),
        (
            AddStep("n", "agent", {"agent_id": "writer"}, Place("after", "zz")),
            "There is no step 'zz'",
        ),
        (AddStep("n", "agent", {"id": "m"}, Place("end")), "out of `fields`"),
        (
            AddStep(
                "n",
                "loop",
                {"loop_mode": "count", "max_iterations": 1, "steps": [agent("a")]},
                Place("end"),
            ),
            "used by two steps",
        ),
        (UpdateStep("a", {"agnet_id": "judge"}), "Did you mean 'agent_id'"),
        (UpdateStep("a", {"next": "c"}), "Use connect"),
        (UpdateStep("a", {"timeout": "soon"}), "Operation 1"),
        (UpdateStep("a", {"input": "${steps."}), "Operation 1"),
        (UpdateStep("zz", {"name": "x"}), "There are: a, b, c."),
        (RemoveStep("zz"), "There is no step 'zz'"),
        (Connect("a", "", "zz"), "has no step 'zz'"),
        (SetSetting("limits", {"max_steps": -1}), "Operation 1"),
        (SetSetting("name", None), "Operation 1"),
    ],
)
def test_a_refusal_says_what_would_do(operation: Operation, told: str) -> None:
    assert told in refused([operation])


def test_one_refused_operation_refuses_all() -> None:
    sentences = refused([UpdateStep("a", {"name": "x"}), RemoveStep("zz"), RemoveStep("yy")])
    assert "Operation 2" in sentences
    assert "Operation 3" in sentences


def test_what_is_there_already_stays_allowed() -> None:
    theirs = normalise(workflow(agent("a", agent_id="of_somebody_else"), agent("b")))
    changed = apply_operations(theirs, [UpdateStep("a", {"timeout": 5})], CATALOGUE)
    assert step_json(changed.steps[0])["agent_id"] == "of_somebody_else"


HOSTILE: list[str] = [
    "",
    "null",
    "[]",
    "{}",
    '{"operations": [',
    '{"operations": {}, "explanation": "", "unplaced": []}',
    answer({"remove": 5}),
    answer({"remove": "a", "also": "b"}),
    answer({"drop": "a"}),
    answer({"remove": "a"}, {"add": "x"}),
    answer({"update": "a", "fields": [{"field": "input", "value_json": "{"}]}),
    answer({"update": "a", "fields": [{"field": "timeout", "value_json": "NaN"}]}),
    answer({"update": "a", "fields": [{"field": "name", "value_json": '"\\u0000"'}]}),
    answer({"update": "a", "fields": [{"field": "name", "value_json": '"x"'}] * 2}),
    answer({"set": "steps", "value_json": "[]"}),
    answer({"set": "context", "value_json": "[" * 5_000}),
    answer({"set": "context", "value_json": '"' + "x" * 70_000 + '"'}),
    answer(*[{"remove": "a"}] * (MAX_OPERATIONS + 1)),
    "x" * 300_000,
    '{"operations": [], "operations": [], "explanation": "", "unplaced": []}',
    '{"operations": [{"remove": "\\ud800"}], "explanation": "", "unplaced": []}',
]


@pytest.mark.parametrize("text", HOSTILE, ids=range(len(HOSTILE)))
def test_an_unusable_answer_is_refused_in_words(text: str) -> None:
    with pytest.raises(UnreadableOperations) as caught:
        read_answer(text)
    assert all(problem and len(problem) < 500 for problem in caught.value.problems)


def objects_of(schema: Any) -> list[dict[str, Any]]:
    """Every object schema inside `schema`."""
    if isinstance(schema, list):
        return [found for item in schema for found in objects_of(item)]
    if not isinstance(schema, dict):
        return []
    inner = [found for item in schema.values() for found in objects_of(item)]
    return [schema, *inner] if schema.get("type") == "object" else inner


def test_the_schema_keeps_to_the_strict_subset() -> None:
    found = objects_of(OPERATIONS_SCHEMA)
    for part in found:
        assert part["additionalProperties"] is False
        assert part["required"] == list(part["properties"])
    kinds = OPERATIONS_SCHEMA["properties"]["operations"]["items"]["anyOf"]
    first = [next(iter(kind["properties"])) for kind in kinds]
    assert len(set(first)) == len(kinds) == len(ONE_OF_EACH)


def random_operation(chance: random.Random, ids: list[str], number: int) -> Operation:
    """Any operation on some of the steps."""
    one, other = chance.choice(ids), chance.choice(ids)
    place = Place(chance.choice(["after", "before"]), other)
    made: list[Operation] = [
        AddStep(f"new{number}", "agent", {"agent_id": "writer"}, place),
        AddStep(f"new{number}", "wait", {"duration_seconds": 5}, Place("end")),
        UpdateStep(one, {"name": "Renamed", "description": "Anew"}),
        RemoveStep(one),
        MoveStep(one, place),
        Connect(one, "", other),
        Disconnect(one, "next"),
        Together(f"new{number}", (one, other)),
        Repeat(f"new{number}", (one, other), {"loop_mode": "count", "max_iterations": 2}),
        SetSetting("name", "Other"),
    ]
    return chance.choice(made)


def named_in(operations: list[Operation], before: Definition) -> set[str]:
    """The steps that operations speak of, with all inside those."""
    named = {getattr(one, "step", "") for one in operations}
    named |= {step for one in operations for step in getattr(one, "steps", ())}
    for _, step in walk(before.steps):
        if step.id in named:
            lists = [getattr(step, "steps", [])] + [b.steps for b in getattr(step, "branches", [])]
            named |= {inner.id for one in lists for _, inner in walk(one)}
    return named


def parts_of(definition: Definition) -> dict[str, tuple[str, list[tuple[str, str | None]]]]:
    """Per step its JSON without inner steps and targets, to the byte, and its ways."""
    found = {}
    for _, step in walk(definition.steps):
        raw = step_json(step)
        for name in ("steps", "branches", "entry_step"):
            raw.pop(name, None)
        ways = [(way.key, way.target) for way in slots(raw)]
        for way in list(slots(raw)):
            way.lead_to("?")
        found[step.id] = (json.dumps(raw), ways)
    return found


def test_untouched_steps_stay_byte_identical() -> None:
    """Whatever random operations do to random definitions: nothing they do not speak of changes."""
    chance, carried_out = random.Random(4), 0
    for _ in range(400):
        try:
            before = normalise(Generator(chance).definition())
        except DefinitionError:
            continue
        ids = [step.id for _, step in walk(before.steps)]
        operations = [random_operation(chance, ids, n) for n in range(chance.randint(1, 3))]
        text = json.dumps(before.to_json())
        try:
            after = apply_operations(before, operations, CATALOGUE)
        except OperationsRefused:
            continue
        finally:
            assert json.dumps(before.to_json()) == text
        carried_out += 1
        _require_untouched(before, after, named_in(operations, before))
    assert carried_out > 150


def _require_untouched(before: Definition, after: Definition, named: set[str]) -> None:
    old, new = parts_of(before), parts_of(after)
    for step_id in old.keys() - named:
        assert step_id in new
        assert old[step_id][0] == new[step_id][0]
        for was, now in zip(old[step_id][1], new[step_id][1], strict=True):
            assert was == now or was[1] in named or now[1] in named


def test_a_choice_keeps_the_order_of_its_arms() -> None:
    fork = normalise(workflow(choice("k", {"z": "a", "b": "end", "a": "end"}), agent("a")))
    changed = apply_operations(fork, [RemoveStep("a")], CATALOGUE)
    assert list(step_json(changed.steps[0])["conditional_branches"]) == ["z", "b", "a"]
