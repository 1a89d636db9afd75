"""`/workflows/resources/tools`: native and MCP tools as one list."""

from itertools import pairwise

import pytest
from django.contrib.auth.models import User
from pytest_django import DjangoAssertNumQueries
from rest_framework.test import APIClient

from discovery.native_tools import NATIVE_TOOLS
from tests.conftest import ClientFor
from tests.discovery.conftest import MakeServer, MakeTool

pytestmark = pytest.mark.django_db

TOOLS = "/api/v1/workflows/resources/tools"
NATIVE = [f"native:{name}" for name in sorted(NATIVE_TOOLS)]


@pytest.fixture(autouse=True)
def _tools(alice: User, bob: User, make_server: MakeServer, make_tool: MakeTool) -> None:
    crm, wiki, his = make_server("crm", alice), make_server("wiki"), make_server("his", bob)
    off = make_server("off", alice, status="disabled")
    make_tool(crm, "find", description="Finds customers", read_only=True, destructive=False)
    make_tool(crm, "create", output_schema={"type": "object"})
    make_tool(crm, "gone", is_available=False)
    make_tool(wiki, "read")
    make_tool(his, "secret")
    make_tool(off, "never")


def ids(answer: object) -> list[str]:
    return [row["id"] for row in answer.json()["results"]]  # type: ignore[attr-defined]


def test_holds_native_tools_and_what_can_be_called_now(api: APIClient) -> None:
    assert ids(api.get(TOOLS)) == [*NATIVE, "crm:create", "crm:find", "wiki:read"]


def test_shows_everything_about_a_tool(api: APIClient) -> None:
    [row] = api.get(f"{TOOLS}?search=customers").json()["results"]
    assert row == {
        "id": "crm:find",
        "source": "mcp:crm",
        "name": "find",
        "description": "Finds customers",
        "input_schema": {"type": "object"},
        "output_schema": None,
        "read_only": True,
        "destructive": False,
        "idempotent": False,
    }


def test_native_tools_have_schemas_too(api: APIClient) -> None:
    [row] = api.get(f"{TOOLS}?search=text_stats").json()["results"]
    assert (row["id"], row["source"]) == ("native:text_stats", "native")
    assert row["input_schema"]["type"] == row["output_schema"]["type"] == "object"


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("source=native", NATIVE),
        ("source=mcp:crm", ["crm:create", "crm:find"]),
        ("source=mcp:his", []),
        ("source=nonsense", []),
        ("search=crm", ["crm:create", "crm:find"]),
        ("search=DOES cre", ["crm:create"]),
        ("read_only=true&source=mcp:crm", ["crm:find"]),
        ("search=nothing-like-it", []),
    ],
)
def test_filters(api: APIClient, query: str, expected: list[str]) -> None:
    assert ids(api.get(f"{TOOLS}?{query}")) == expected


@pytest.mark.parametrize("limit", [1, 2, 3, len(NATIVE), 200])
def test_pages_go_through_both_sources_and_back(api: APIClient, limit: int) -> None:
    pages = [api.get(f"{TOOLS}?limit={limit}").json()]
    while pages[-1]["next"]:
        pages.append(api.get(f"{TOOLS}?limit={limit}&cursor={pages[-1]['next']}").json())
    listed = [row["id"] for page in pages for row in page["results"]]
    assert listed == [*NATIVE, "crm:create", "crm:find", "wiki:read"]
    assert pages[0]["previous"] is None
    for earlier, later in pairwise(pages):
        back = api.get(f"{TOOLS}?limit={limit}&cursor={later['previous']}").json()
        assert back["results"] == earlier["results"]


@pytest.mark.parametrize("cursor", ["x", "%00", "W10", "é", "WyJhIiwgImIiLCAxXQ", "x" * 5000])
def test_foreign_cursors_are_refused(api: APIClient, cursor: str) -> None:
    assert api.get(f"{TOOLS}?cursor={cursor}").status_code == 404


@pytest.mark.parametrize(
    "query", ["limit=0", "limit=201", "limit=x", "read_only=maybe", "serach=x"]
)
def test_wrong_parameters_are_refused(api: APIClient, query: str) -> None:
    assert api.get(f"{TOOLS}?{query}").status_code == 400


def test_a_page_costs_one_query(
    api: APIClient, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    with django_assert_num_queries(2):  # the token, the tools
        api.get(TOOLS)


def test_the_anonymous_see_nothing(anonymous: APIClient) -> None:
    assert anonymous.get(TOOLS).status_code == 401


def test_an_outsider_sees_what_is_theirs_or_the_installations(
    client_for: ClientFor, bob: User
) -> None:
    assert ids(client_for(bob).get(f"{TOOLS}?limit=200")) == [*NATIVE, "his:secret", "wiki:read"]
