"""A parameter that comes twice is refused, unless it is one that may."""

import pytest
from rest_framework.test import APIClient

from tests.api.openapi import operations
from tests.workflows.conftest import definition


@pytest.mark.parametrize(
    ("query", "name"),
    [
        ("workflows?limit=1&limit=2", "limit"),
        ("workflows?tag=a&tag=b&category=x&category=x", "category"),
        ("workflows/digest/stats?days=1&days=2", "days"),
        ("workflows/digest/versions?cursor=&cursor=", "cursor"),
        ("workflows/digest/diff?from=1&from=1", "from"),
        ("workflows/executions?unknown=1&unknown=2", "unknown"),
    ],
)
def test_it_is_refused_by_name(api: APIClient, query: str, name: str) -> None:
    answer = api.get(f"/api/v1/{query}")
    assert answer.status_code == 400
    assert answer.headers["Content-Type"] == "application/problem+json"
    body = answer.json()
    assert (body["code"], body["errors"][0]["parameter"]) == ("repeated_parameter", name)


def test_what_the_openapi_file_calls_a_list_may_be_given_several_times(api: APIClient) -> None:
    lists = [
        (one.path, parameter["name"])
        for one in operations().values()
        for parameter in one.parameters
        if parameter["in"] == "query" and parameter["schema"].get("type") == "array"
    ]
    assert ("/api/v1/workflows", "tag") in lists
    assert ("/api/v1/workflows/executions", "status") in lists
    for path, name in lists:
        answer = api.get(f"{path.format(workflow_id='none')}?{name}=x&{name}=y")
        assert "repeated_parameter" not in answer.content.decode()
    assert api.get("/api/v1/workflows?tag=a&tag=b").status_code == 200
    assert api.get("/api/v1/workflows/executions?status=FAILED&status=CANCELLED").status_code == 200


def test_a_refused_write_changes_nothing(api: APIClient) -> None:
    body = {"name": "Twice", "definition": definition()}
    assert api.post("/api/v1/workflows?x=1&x=2", body).status_code == 400
    assert api.get("/api/v1/workflows").json()["results"] == []
