"""Rows that are read and written by statements made once: the same as the ORM's, several in one statement."""

import pytest
from django.contrib.auth.models import Group
from django.db import IntegrityError, transaction
from django.db.models import Model
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries

from common.found_rows import found_row
from common.json_rows import FIRST, Write, changed_row, missing_row, new_rows, write
from discovery.models import McpServer, McpTool

pytestmark = pytest.mark.django_db


@pytest.fixture
def tool() -> McpTool:
    """A tool of a server with secrets and numbers beyond 64 bits."""
    server = McpServer.objects.create(
        id="here",
        name="Here",
        transport="streamable_http",
        url="https://here.example/mcp",
        headers={"Authorization": "Bearer x"},
    )
    return McpTool.objects.create(
        server=server, name="t", input_schema={"maximum": 1e55}, last_seen_at=timezone.now()
    )


def columns(row: Model) -> dict[str, object]:
    return {field.attname: getattr(row, field.attname) for field in row._meta.concrete_fields}


def test_reads_the_row_as_the_orm_does(tool: McpTool) -> None:
    found = found_row(McpTool, related="server", server_id="here", name="t")
    by_orm = McpTool.objects.select_related("server").get()
    assert found is not None
    assert columns(found) == columns(by_orm)
    assert columns(found.server) == columns(by_orm.server)
    assert found.server.headers == {"Authorization": "Bearer x"}
    assert found.input_schema == {"maximum": 1e55}


def test_finds_nothing_where_nothing_is(tool: McpTool) -> None:
    assert found_row(McpTool, related="server", server_id="here", name="other") is None
    assert found_row(McpServer, id="there") is None


def test_makes_several_writes_in_one_statement(
    django_assert_num_queries: DjangoAssertNumQueries,
) -> None:
    with django_assert_num_queries(1):
        written = write(None, new_rows(Group, [{"name": "a"}, {"name": "b"}]), None)
    assert written == 2
    kept = Group.objects.get(name="a")
    assert (
        write(new_rows(Group, [{"name": "c"}]), changed_row(Group, str(kept.pk), {"name": "d"}))
        == 1
    )
    assert set(Group.objects.values_list("name", flat=True)) == {"b", "c", "d"}


def test_writes_nothing_where_one_of_them_fails() -> None:
    Group.objects.create(name="a")
    with pytest.raises(IntegrityError), transaction.atomic():
        write(new_rows(Group, [{"name": "b"}]), new_rows(Group, [{"name": "a"}]))
    assert Group.objects.get().name == "a"


def test_the_last_write_can_ask_whether_the_first_wrote() -> None:
    def also(name: str) -> int:
        first = missing_row(Group, {"name": name}, unique=("name",))
        statement = (
            f"INSERT INTO auth_group (name) SELECT 'also' || %s WHERE EXISTS (SELECT FROM {FIRST})"
        )
        return write(first, Write(statement, (name,)))

    assert also("a") == 1
    assert also("a") == 0
    assert set(Group.objects.values_list("name", flat=True)) == {"a", "alsoa"}
