"""Requests that arrive at the same time."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db import connection
from rest_framework.test import APIClient

from tests.conftest import ClientFor
from tests.workflows.conftest import definition
from workflows.models import Workflow, WorkflowVersion

URL = "/api/v1/workflows"
Post = Callable[..., list[Any]]


@pytest.fixture
def at_once(transactional_db: None, alice: User, client_for: ClientFor) -> Post:
    """Posts the same body from four threads."""
    client: APIClient = client_for(alice)

    def post(body: dict[str, Any], **headers: str) -> list[Any]:
        def one(_: int) -> Any:
            try:
                answer = client.post(URL, body, headers=headers)
                return answer.status_code, answer.json()
            finally:
                connection.close()

        with ThreadPoolExecutor(4) as pool:
            return list(pool.map(one, range(4)))

    return post


def test_one_key_makes_one_workflow(at_once: Post) -> None:
    for body in ({"name": "Digest"}, {"id": "given", "name": "Digest"}):
        answers = at_once(
            {**body, "definition": definition()}, **{"Idempotency-Key": body.get("id", "made")}
        )
        assert [status for status, _ in answers] == [201] * 4
        assert len({answer["id"] for _, answer in answers}) == 1
    assert Workflow.objects.count() == WorkflowVersion.objects.count() == 2


def test_one_name_makes_four_ids(at_once: Post) -> None:
    answers = at_once({"name": "Digest"})
    assert sorted(answer["id"] for _, answer in answers) == [
        "digest",
        "digest-2",
        "digest-3",
        "digest-4",
    ]


def test_one_id_is_given_once(at_once: Post) -> None:
    answers = at_once({"id": "digest", "name": "Digest"})
    assert sorted(status for status, _ in answers) == [201, 409, 409, 409]
    assert Workflow.objects.count() == WorkflowVersion.objects.count() == 1
