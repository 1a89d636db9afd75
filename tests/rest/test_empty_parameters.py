"""A parameter without a value is a mistake of its writer: it is refused, never taken for 'everything'."""

from collections.abc import Callable

import pytest
from django.contrib.auth.models import User
from rest_framework.test import APIClient

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize(
    "query",
    [
        "mcp-servers?transport=",
        "mcp-servers?status=",
        "agents?is_active=",
        "agents?agent_type=",
        "workflows?is_template=",
        "workflows?updated_after=",
        "workflows/executions?status=",
        "workflows/executions?started_after=",
        "workflows/generate?generator=",
        "workflows/resources/tools?read_only=",
    ],
)
def test_an_empty_choice_is_refused_by_name(
    query: str, alice: User, client_for: Callable[[User], APIClient]
) -> None:
    answer = client_for(alice).get(f"/api/v1/{query}")
    assert answer.status_code == 400
    assert query.partition("?")[2].rstrip("=") in str(answer.json()["errors"])


def test_an_empty_search_finds_everything(
    alice: User, client_for: Callable[[User], APIClient]
) -> None:
    assert client_for(alice).get("/api/v1/agents?search=").status_code == 200
