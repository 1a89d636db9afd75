"""Every example body of the OpenAPI file fits its schema and is taken by the server, whose answers fit theirs."""

import json
import time
from typing import Any

import pytest

from executions.triggers.signatures import signature_of
from tests.api.example_world import ExampleWorld
from tests.api.openapi import Operation, operations, violations
from workflowsite.rest.examples import ANSWERS, REQUESTS

EXAMPLES = [
    pytest.param(operation, body, id=f"{operation.name}-{name}")
    for operation in operations().values()
    for name, body in operation.examples().items()
]
# What the run would have to be asking at the moment; tests/executions/test_steering_docs.py answers a real question.
REFUSED = {
    "decide": (409, "already_ended"),
    # The state is of the moment; tests/workflows/drift/test_publishing_docs.py accepts a real one.
    "accept_drift": (409, "not_published"),
}


@pytest.mark.parametrize(("operation", "body"), EXAMPLES)
def test_an_example_fits_its_schema_and_is_taken(
    shop: ExampleWorld, operation: Operation, body: Any
) -> None:
    assert operation.body is not None
    assert violations(operation.body["schema"], body) == []
    answer = _sent(shop, operation, body)
    if operation.name in REFUSED:
        assert (answer.status_code, answer.json()["code"]) == REFUSED[operation.name]
        return
    assert answer.status_code in (200, 201, 202), answer.content
    media_type = answer.headers["Content-Type"].partition(";")[0]
    schema = operation.answer_schema(answer.status_code, media_type)
    assert schema is not None, (answer.status_code, media_type)
    assert violations(schema, answer.json()) == []


def test_every_body_has_an_example_and_every_example_a_body() -> None:
    with_body = {one.name for one in operations().values() if one.body is not None}
    assert {one.name for one in operations().values() if one.examples()} == with_body
    assert REQUESTS.keys() == with_body


ANSWERED = [one for one in operations().values() if one.body is None and one.answer_examples()]
# What is over already can't be cancelled; it is read instead.
NOT_NOW = {"cancel_execution", "cancel_generation"}


@pytest.mark.parametrize("operation", ANSWERED, ids=[one.name for one in ANSWERED])
def test_an_example_of_an_answer_fits_its_schema_and_has_what_the_server_answers(
    shop: ExampleWorld, operation: Operation
) -> None:
    address = shop.address(operation)
    if operation.name in NOT_NOW:
        answer = shop.client.get(address.rpartition("/")[0])
    else:
        answer = shop.client.post(address)
    assert answer.status_code in (200, 202), answer.content
    for example in operation.answer_examples().values():
        code = next(code for code in operation.content["responses"] if code < "300")
        assert violations(operation.answer_schema(int(code), "application/json"), example) == []
        assert example.keys() == answer.json().keys()


def test_who_sends_nothing_is_shown_what_is_answered() -> None:
    silent = {
        one.name
        for one in operations().values()
        if one.method in ("post", "put", "patch")
        and one.body is None
        and "204" not in one.content["responses"]
    }
    assert {one.name for one in ANSWERED} == silent == ANSWERS.keys()


def _sent(shop: ExampleWorld, operation: Operation, body: Any) -> Any:
    path = shop.address(operation)
    raw = json.dumps(body)
    headers = _signature(shop.hook_secret, raw) if path.startswith("/hooks/") else {}
    return shop.client.generic(
        operation.method.upper(), path, raw, content_type="application/json", headers=headers
    )


def _signature(secret: str, body: str) -> dict[str, str]:
    now = str(int(time.time()))
    return {
        "X-Timestamp": now,
        "X-Signature-256": f"sha256={signature_of(secret, f'{now}.{body}'.encode())}",
    }
