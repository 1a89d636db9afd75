"""Every example body of the OpenAPI file fits its schema and is taken by the server, whose answers fit theirs."""

import json
import time
from typing import Any

import pytest

from executions.triggers.signatures import signature_of
from tests.api.example_world import ExampleWorld
from tests.api.openapi import Operation, operations, violations
from workflowsite.rest.examples import REQUESTS

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
