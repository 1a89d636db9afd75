"""The OpenAPI file: generated without a warning, committed, complete, and usable from Swagger."""

from io import StringIO
from pathlib import Path
from typing import Any

import pytest
import yaml
from django.contrib.auth.models import User
from django.core.management import call_command
from django.test import Client
from knox.models import AuthToken

from tests.api.routes import ROUTES, found_routes
from workflowsite.rest.schema import SchemaMadeOnce

COMMITTED = Path(__file__).with_name("openapi.yaml")
# The fixed endpoints (docs/api.md), and those that the first release names beside them.
PROMISED = {
    ("post", "/workflows"),
    ("get", "/workflows"),
    ("get", "/workflows/{workflow_id}"),
    ("put", "/workflows/{workflow_id}"),
    ("patch", "/workflows/{workflow_id}"),
    ("delete", "/workflows/{workflow_id}"),
    ("post", "/workflows/{workflow_id}/restore"),
    ("post", "/workflows/{workflow_id}/copy"),
    ("post", "/workflows/{workflow_id}/validate"),
    ("post", "/workflows/validate"),
    ("get", "/workflows/templates"),
    ("get", "/workflows/templates/{template_id}"),
    ("post", "/workflows/templates/{template_id}/instantiate"),
    ("get", "/workflows/resources/agents"),
    ("get", "/workflows/resources/mcps"),
    ("get", "/workflows/resources/tools"),
    ("post", "/workflows/{workflow_id}/execute"),
    ("get", "/workflows/{workflow_id}/executions"),
    ("get", "/workflows/executions"),
    ("get", "/workflows/executions/{execution_id}"),
    ("get", "/workflows/executions/{execution_id}/steps"),
    ("post", "/workflows/executions/{execution_id}/cancel"),
    ("post", "/workflows/generate"),
    ("get", "/workflows/generate"),
    ("get", "/workflows/generate/{generation_id}"),
    ("post", "/workflows/generate/apply"),
    ("post", "/mcp-servers/{id}/refresh"),
    ("get", "/agents"),
    ("post", "/agents"),
    ("get", "/mcp-servers"),
    ("post", "/mcp-servers"),
    ("post", "/auth/login"),
    ("get", "/auth/me"),
    ("get", "/auth/tokens"),
}


@pytest.fixture(scope="module")
def generated() -> str:
    """The file as `manage.py spectacular --fail-on-warn --validate` writes it; it raises on a warning."""
    out = StringIO()
    call_command("spectacular", "--fail-on-warn", "--validate", stdout=out)
    return out.getvalue()


@pytest.fixture(scope="module")
def schema(generated: str) -> Any:
    """The file's content."""
    return yaml.safe_load(generated)


def operations(schema: Any) -> dict[tuple[str, str], Any]:
    """Operations by method and path without the prefix."""
    return {
        (method, path.removeprefix("/api/v1")): operation
        for path, methods in schema["paths"].items()
        for method, operation in methods.items()
        if method in ("get", "post", "put", "patch", "delete")
    }


def test_the_committed_file_is_the_generated_one(generated: str) -> None:
    assert COMMITTED.read_text() == generated, (
        "The API changed: run `make openapi`, commit the file."
    )


def test_it_is_openapi_31(schema: Any) -> None:
    assert schema["openapi"] == "3.1.0"


def test_it_lists_the_promised_endpoints(schema: Any) -> None:
    assert PROMISED - operations(schema).keys() == set()


def test_it_lists_every_route(schema: Any) -> None:
    inside = {key for key in operations(schema) if not key[1].startswith("/hooks/")}
    assert len(inside) == len(found_routes()) == len(ROUTES)


def test_every_operation_says_what_it_is(schema: Any) -> None:
    found = operations(schema)
    ids = [operation.get("operationId") for operation in found.values()]
    assert None not in ids
    assert len(set(ids)) == len(ids)
    assert [key for key, one in found.items() if not one.get("description")] == []


def test_every_refusal_is_a_problem_details_object(schema: Any) -> None:
    for key, operation in operations(schema).items():
        refusals = {
            status: response
            for status, response in operation["responses"].items()
            if status[0] in "45" and "content" in response
        }
        assert refusals, key
        for status, response in refusals.items():
            assert list(response["content"]) == ["application/problem+json"], (key, status)


def test_what_needs_a_log_in_says_so(schema: Any) -> None:
    open_ones = {key for key, one in operations(schema).items() if {} in one.get("security", [{}])}
    # A webhook's sender shows a signature instead.
    assert open_ones == {("post", "/auth/login"), ("post", "/hooks/{token}")}


def test_swaggers_authorize_takes_the_printed_token(schema: Any, client: Client, db: None) -> None:
    """Swagger sends the typed value in the scheme's header, so `Token …` typed there must log one in."""
    scheme = schema["components"]["securitySchemes"]["token"]
    assert (scheme["type"], scheme["in"], scheme["name"]) == ("apiKey", "header", "Authorization")
    assert "Token" in scheme["description"]
    _, token = AuthToken.objects.create(User.objects.create_user("alice"))
    answer = client.get("/api/v1/auth/me", headers={scheme["name"]: f"Token {token}"})
    assert answer.json()["name"] == "alice"


def test_swagger_and_its_parts_come_from_here(client: Client, db: None) -> None:
    page = client.get("/api/docs")
    assert page.status_code == 200
    text = page.content.decode()
    assert "/api/schema" in text
    assert "/static/drf_spectacular_sidecar/" in text
    assert "cdn." not in text
    assert client.get("/api/schema").status_code == 200


def test_the_served_file_is_the_committed_one_and_is_made_once(client: Client, db: None) -> None:
    served = yaml.safe_load(client.get("/api/schema").content)
    assert served == yaml.safe_load(COMMITTED.read_text())
    assert SchemaMadeOnce.served is not None
    made = SchemaMadeOnce.served
    assert yaml.safe_load(client.get("/api/schema").content) == served
    assert SchemaMadeOnce.served is made
