"""Bodies and addresses that mean harm: each is refused with its reason, nothing is stored, nothing is a 500."""

import json
from typing import Any

import pytest
from django.contrib.auth.models import User
from knox.models import AuthToken
from rest_framework.test import APIClient

from tests.conftest import ClientFor
from workflows.models import Workflow

URL = "/api/v1/workflows"
DEEP = "[" * 65 + "]" * 65

BODIES = [
    (b"", 400, "required"),
    (b"{", 400, "invalid_json"),
    (b"[]", 400, "invalid"),
    (b"null", 400, "null"),
    (b'"text"', 400, "invalid"),
    (b'{"name": "x"} x', 400, "invalid_json"),
    (b'{"name": NaN}', 400, "not_finite"),
    (b'{"name": "x", "layout": {"a": {"x": 1e999, "y": 0}}}', 400, "not_finite"),
    (b'{"name": "x", "name": "y"}', 400, "duplicate_key"),
    (b'{"name": "a\\u0000b"}', 400, "nul"),
    (b'{"name": "x", "tags": ["\\ud800"]}', 400, "surrogate"),
    (b'{"name": "x", "definition": {"a\\u0000": 1}}', 400, "nul"),
    (b'{"name": "\xff"}', 400, "invalid_json"),
    (b'{"name": "x", "definition": {"context": {"a": %s}}}' % DEEP.encode(), 400, "too_deep"),
    (b'{"name": %s}' % (b"9" * 5000), 400, "invalid_json"),
    (b'{"name": "x", "published_version": 99999999999999999999}', 400, "out_of_range"),
    (b"[" * 1_000_000, 400, "too_deep"),
    (b'{"name": "%s"}' % (b"x" * 2 * 1024 * 1024), 413, "too_large"),
    (b'{"name": "x", "definition": {"steps": %s}}' % (b'[{"a":1}]'), 400, "invalid_definition"),
    (b'{"name": "x", "__proto__": {}}', 400, "unknown_field"),
]


def send(client: APIClient, body: Any, content_type: str = "application/json") -> Any:
    """The answer to a body that no serializer has touched."""
    return client.generic("POST", URL, body, content_type=content_type)


@pytest.mark.parametrize(("body", "status", "code"), BODIES)
def test_a_hostile_body_is_refused_with_its_reason(
    api: APIClient, body: bytes, status: int, code: str
) -> None:
    answer = send(api, body)
    assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert answer["Content-Type"] == "application/problem+json"
    assert answer.json()["request_id"] == answer["X-Request-ID"]
    assert Workflow.objects.count() == 0


def test_the_place_of_what_is_refused_is_named(api: APIClient) -> None:
    body = b'{"name": "x", "definition": {"context": {"a/b": ["\\u0000"]}}}'
    answer = send(api, body).json()
    assert answer["errors"][0]["pointer"] == "/definition/context/a~1b/0"


@pytest.mark.parametrize(
    "content_type", ["text/plain", "application/xml", "multipart/form-data", ""]
)
def test_only_json_is_read(api: APIClient, content_type: str) -> None:
    answer = send(api, b'{"name": "x"}', content_type)
    assert (answer.status_code, answer.json()["code"]) == (415, "unsupported_media_type")
    assert Workflow.objects.count() == 0


@pytest.mark.parametrize(
    "address",
    [
        "/api/v1/workflows/a%00b",
        "/api/v1/workflows/%00",
        "/api/v1/workflows/a%00b/versions",
        "/api/v1/workflows/templates/%00",
        "/api/v1/workflows/%FF%FE",
        "/api/v1/workflows/%ED%A0%80",
        "/api/v1/workflows/" + "x" * 5000,
        "/api/v1/workflows/a/versions/99999999999999999999",
        "/api/v1/nothing",
        "/api/v1/workflows/",
        "/api/nothing/at/all",
    ],
)
def test_an_address_that_leads_nowhere_is_404(api: APIClient, address: str) -> None:
    answer = api.get(address)
    assert answer.status_code == 404
    assert answer["Content-Type"] == "application/problem+json"
    assert answer.json()["status"] == 404


@pytest.mark.parametrize("method", ["post", "put", "patch", "delete"])
def test_a_mistyped_address_is_404_for_every_method(alice: User, method: str) -> None:
    _, token = AuthToken.objects.create(alice)
    # As outside of tests, where Django checks for a CSRF token.
    client = APIClient(enforce_csrf_checks=True)
    client.credentials(HTTP_AUTHORIZATION=f"Token {token}")
    answer = getattr(client, method)("/api/v1/nothing", {})
    assert (answer.status_code, answer.json()["code"]) == (404, "not_found")


def test_a_foreign_host_gets_a_problem_not_a_page(api: APIClient) -> None:
    answer = api.get(URL, headers={"Host": "evil.example"})
    assert (answer.status_code, answer["Content-Type"]) == (400, "application/problem+json")
    assert b"ALLOWED_HOSTS" not in answer.content


@pytest.mark.parametrize(("method", "status"), [("delete", 405), ("put", 405), ("patch", 405)])
def test_a_wrong_method_is_named(api: APIClient, method: str, status: int) -> None:
    answer = getattr(api, method)(URL)
    assert (answer.status_code, answer.json()["code"]) == (status, "method_not_allowed")


def test_a_format_nobody_speaks_is_406(api: APIClient) -> None:
    answer = api.get(URL, headers={"Accept": "application/xml"})
    assert (answer.status_code, answer["Content-Type"]) == (406, "application/problem+json")


def test_every_member_of_a_problem_is_there(api: APIClient) -> None:
    body = api.get(f"{URL}/absent").json()
    assert body == {
        "type": "about:blank",
        "title": "Not Found",
        "status": 404,
        "detail": "There is no such workflow.",
        "code": "not_found",
        "request_id": body["request_id"],
        "errors": [{"code": "not_found", "detail": "There is no such workflow.", "pointer": None}],
        "problems": [],
    }


def test_several_faults_are_told_at_once(api: APIClient) -> None:
    body = api.post(URL, {"name": 5, "tags": "a", "description": "x" * 1001, "nmae": 1}).json()
    assert body["code"] == "invalid"
    places = {error["pointer"] for error in body["errors"]}
    assert {"/name", "/nmae"} <= places


def test_a_session_needs_its_csrf_token(alice: User) -> None:
    client = APIClient(enforce_csrf_checks=True)
    client.force_login(alice)
    assert client.get(URL).status_code == 200
    answer = client.post(URL, {"name": "x"})
    assert (answer.status_code, answer["Content-Type"]) == (403, "application/problem+json")
    assert Workflow.objects.count() == 0


def test_a_big_but_allowed_body_passes(alice: User, client_for: ClientFor) -> None:
    body = json.dumps({"name": "x", "definition": {"context": {"text": "y" * 900_000}}})
    answer = client_for(alice).generic("POST", URL, body, content_type="application/json")
    assert answer.status_code == 201
