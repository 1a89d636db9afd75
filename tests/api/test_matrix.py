"""Every operation of the OpenAPI file: a pinned query count, bad input, and what it contradicts.

Owner, outsider, member and anonymous are in test_two_users.py. Whoever adds a route hears here what it lacks.
"""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from tests.api.example_world import ExampleWorld
from tests.api.many import make_more
from tests.api.openapi import Operation, operations
from tests.api.world import everything

COUNTS = json.loads((Path(__file__).parent.parent / "query_counts.json").read_text())
READING = [one for one in operations().values() if one.method == "get"]
WRITING = [one for one in operations().values() if one.method != "get"]
# What is no definition is a finding of theirs; a webhook takes whatever its sender has to say.
TAKING_ANYTHING = {"validate_definition", "receive_hook"}
WITH_BODY = [one for one in WRITING if one.body is not None and one.name not in TAKING_ANYTHING]
NONSENSE = "non sense"
# 409, by operation: a body (null: the example) that contradicts what the example world holds, and the refusal's code.
CONFLICTS: dict[str, tuple[Any, str]] = {
    "create_workflow": ({"id": "text-report", "name": "Again"}, "id_taken"),
    "copy_workflow": ({"new_id": "text-report"}, "id_taken"),
    "instantiate_template": ({"id": "text-report", "name": "Again"}, "id_taken"),
    "import_workflow": (None, "id_taken"),
    "create_agent": ({"id": "writer", "name": "Again"}, "id_taken"),
    "create_mcp_server": (
        {"id": "tickets", "name": "Again", "url": "https://tickets.example.com/mcp"},
        "id_taken",
    ),
    "cancel_execution": (None, "already_ended"),
    "cancel_generation": (None, "already_finished"),
    "decide": (None, "already_ended"),
    "accept_drift": (None, "not_published"),
}
# Other conflicts need a state that takes longer to make than a row; where their tests are.
ELSEWHERE = {
    "delete_agent": "tests/discovery/test_agents_api.py",
    "delete_mcp_server": "tests/discovery/test_servers_api.py",
    "execute_workflow": "tests/executions/api/test_execute.py",
    "test_step": "tests/executions/test_step_tests.py",
    "retry_execution": "tests/executions/test_retries.py",
    "fork_execution": "tests/executions/test_forks.py",
    "generate_workflow": "tests/generation/refining",
    "receive_hook": "tests/executions/triggers/test_webhooks.py",
    "try_tool": "tests/discovery/test_servers_api.py",
}
# The last writer wins, or the same again is the same: there is nothing that it could contradict.
WITHOUT_CONFLICT = {
    *("log_in", "log_out", "create_token", "delete_token", "delete_tokens"),
    *("replace_agent", "change_agent", "replace_mcp_server", "change_mcp_server"),
    *("refresh_mcp_server", "change_workflows", "validate_workflow", "validate_definition"),
    *("explain_workflow", "repair_workflow", "move_node", "rotate_webhook_secret"),
    *("replace_schedule", "change_schedule", "delete_schedule", "pause_schedule"),
    *("resume_schedule", "replace_webhook", "change_webhook", "delete_webhook"),
}


def has_header(operation: Operation, name: str) -> bool:
    """Whether the operation takes the header."""
    return any(one["name"] == name for one in operation.parameters)


CONDITIONAL = [one for one in WRITING if has_header(one, "If-Match")]
IDEMPOTENT = [one for one in WRITING if has_header(one, "Idempotency-Key")]


def named(found: list[Operation]) -> pytest.MarkDecorator:
    """A test for each operation."""
    return pytest.mark.parametrize("operation", found, ids=[one.name for one in found])


def sent(shop: ExampleWorld, operation: Operation, body: Any = None, **headers: str) -> Any:
    """The answer; without a body the first example is sent."""
    if body is None and operation.body is not None:
        body = next(iter(operation.examples().values()))
    return shop.client.generic(
        operation.method.upper(),
        shop.address(operation),
        "" if body is None else json.dumps(body),
        content_type="application/json",
        headers={name.replace("_", "-"): value for name, value in headers.items()},
    )


def test_the_readings_take_as_many_queries_as_they_are_known_to_take(shop: ExampleWorld) -> None:
    """However much there is: with two rows of everything, and with twenty more."""
    make_more(shop, range(1))
    counted(shop)  # What a process asks once is no query of a reading.
    few = counted(shop)
    make_more(shop, range(1, 21))
    many = counted(shop)
    assert {name: (few[name], many[name]) for name in few if few[name] != many[name]} == {}
    pinned = {name: COUNTS.get(name, "not pinned") for name in few}
    assert few == pinned


def counted(shop: ExampleWorld) -> dict[str, int]:
    """Queries by operation."""
    found = {}
    for operation in READING:
        with CaptureQueriesContext(connection) as queries:
            answer = shop.client.get(shop.address(operation))
            if answer.streaming:
                b"".join(answer.streaming_content)  # type: ignore[attr-defined]
        assert answer.status_code == 200, (operation.name, answer.content)
        found[operation.name] = len(queries)
    return found


@named(WITH_BODY)
def test_a_body_that_is_not_understood_is_refused_by_place(
    shop: ExampleWorld, operation: Operation
) -> None:
    example = next(iter(operation.examples().values()))
    before = everything()
    answer = sent(shop, operation, {**example, NONSENSE: 1})
    assert (answer.status_code, answer.json()["errors"][0]["pointer"]) == (400, f"/{NONSENSE}")
    answer = sent(shop, operation, [example])
    assert answer.status_code == 400
    assert everything() == before


def numbered() -> Iterator[Any]:
    """Every query parameter that is not any text."""
    for operation in operations().values():
        for one in operation.parameters:
            kind = one["schema"].get("type")
            if one["in"] == "query" and (
                kind in ("integer", "number", "boolean") or "enum" in one["schema"]
            ):
                yield pytest.param(operation, one["name"], id=f"{operation.name}-{one['name']}")


@pytest.mark.parametrize(("operation", "name"), list(numbered()))
def test_a_parameter_that_is_not_understood_is_refused(
    shop: ExampleWorld, operation: Operation, name: str
) -> None:
    body = next(iter(operation.examples().values()), None)
    answer = shop.client.generic(
        operation.method.upper(),
        f"{shop.address(operation)}?{name}=nonsense",
        "" if body is None else json.dumps(body),
        content_type="application/json",
    )
    assert answer.status_code == 400, answer.content
    assert name in answer.content.decode()


@named(CONDITIONAL)
def test_a_revision_that_no_longer_holds_is_refused(
    shop: ExampleWorld, operation: Operation
) -> None:
    before = everything()
    refined = {"id": "text-report", "name": "Refined", "steps": []}
    body = {"result": {"workflow": refined}, "workflow_id": "text-report"}
    answer = sent(
        shop, operation, body if operation.name == "apply_generation" else None, If_Match='"r999"'
    )
    assert answer.status_code == 412, answer.content
    assert everything() == before


@named(IDEMPOTENT)
def test_a_key_that_was_used_for_another_body_is_refused(
    shop: ExampleWorld, operation: Operation
) -> None:
    if operation.body is None:
        return
    first, *others = operation.examples().values()
    assert sent(shop, operation, first, Idempotency_Key="k").status_code in (200, 201, 202)
    other = others[0] if others else {**first, **DIFFERENT[operation.name]}
    before = everything()
    refused = sent(shop, operation, other, Idempotency_Key="k")
    assert refused.status_code == 422, refused.content
    assert everything() == before


# What makes another body of the only example.
DIFFERENT = {
    "copy_workflow": {"new_name": "Other"},
    "instantiate_template": {"name": "Other"},
    "test_step": {"user_input": "Other"},
    "fork_execution": {"user_input": "Other"},
    "create_schedule": {"name": "Other"},
    "create_webhook": {"name": "Other"},
}


@pytest.mark.parametrize("name", CONFLICTS)
def test_what_contradicts_what_is_there_is_refused(shop: ExampleWorld, name: str) -> None:
    operation, (body, code) = operations()[name], CONFLICTS[name]
    if name == "import_workflow":
        example = next(iter(operation.examples().values()))
        body = {"document": example["document"], "id": "text-report"}
    before = everything()
    answer = sent(shop, operation, body)
    assert (answer.status_code, answer.json()["code"]) == (409, code), answer.content
    assert everything() == before


def test_every_writing_operation_says_what_it_can_contradict() -> None:
    told = CONFLICTS.keys() | ELSEWHERE.keys() | WITHOUT_CONFLICT
    told |= {one.name for one in CONDITIONAL + IDEMPOTENT}
    assert {one.name for one in WRITING} - told == set()
    assert told - {one.name for one in WRITING} == set()
    project = Path(__file__).parents[2]
    assert [place for place in ELSEWHERE.values() if not (project / place).exists()] == []
