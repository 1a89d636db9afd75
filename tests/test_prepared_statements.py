"""Statements that are always the same are prepared by PostgreSQL once for each connection."""

from collections.abc import Iterator
from typing import Any

import psycopg
import pytest
from django.contrib.auth.models import User
from django.db import NotSupportedError, ProgrammingError, connection, transaction

from common.found_rows import found_row
from common.prepared import prepared
from discovery.models import McpServer

SQL = "SELECT %s::int + 1"


@pytest.fixture(autouse=True)
def fresh_connection(db: None) -> None:
    """What other tests prepared is forgotten."""
    connection.ensure_connection()
    with connection.cursor() as cursor:
        cursor.execute("DEALLOCATE ALL")


def asked() -> list[str]:
    """What is prepared now."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT statement FROM pg_prepared_statements")
        return [statement for (statement,) in cursor.fetchall()]


def value(number: int) -> int:
    with prepared(SQL, [number]) as cursor:
        (found,) = cursor.fetchone() or (0,)
    return int(found)


def test_a_statement_is_prepared_once_for_all_values() -> None:
    assert [value(number) for number in (1, 2, 3)] == [2, 3, 4]
    assert asked() == ["SELECT $1::int + 1"]


def test_rows_are_read_by_prepared_statements() -> None:
    assert found_row(McpServer, id="nowhere") is None
    assert [statement.partition(" FROM ")[2] for statement in asked()] == [
        '"discovery_mcpserver" WHERE "discovery_mcpserver"."id" = $1'
    ]


def test_times_are_those_that_the_orm_reads() -> None:
    person = User.objects.create_user("ada")
    with prepared("SELECT date_joined FROM auth_user WHERE id = %s", [person.pk]) as cursor:
        (found,) = cursor.fetchone() or (None,)
    assert found == person.date_joined
    assert found.isoformat() == person.date_joined.isoformat()


def test_it_is_asked_again_after_a_rollback() -> None:
    value(1)
    with pytest.raises(ProgrammingError), transaction.atomic():
        prepared("SELECT nothing_of_that_name", [])
    assert value(2) == 3
    assert len(asked()) == 1


def test_nothing_is_prepared_where_that_is_turned_off(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connection.connection, "prepare_threshold", None)
    assert value(1) == 2
    assert asked() == []


@pytest.fixture
def table(transactional_db: None) -> Iterator[str]:
    """A table of one row, whose column another connection may change."""
    connection.ensure_connection()
    with connection.cursor() as cursor:
        cursor.execute("CREATE TABLE migrated AS SELECT 1 AS number")
    yield "migrated"
    with connection.cursor() as cursor:
        cursor.execute("DROP TABLE migrated")


def change_the_type(table: str) -> None:
    """As a migration does it, which runs in a process of its own."""
    with psycopg.connect(**other_connection(), autocommit=True) as other:
        other.execute(f"ALTER TABLE {table} ALTER COLUMN number TYPE text")


def other_connection() -> dict[str, Any]:
    """What psycopg needs to connect to the tests' database once more."""
    of_django = connection.get_connection_params()
    return {
        name: of_django[name]
        for name in ("host", "port", "user", "password", "dbname")
        if name in of_django
    }


def test_a_running_process_goes_on_when_a_migration_changes_a_type(table: str) -> None:
    def numbers() -> list[Any]:
        with prepared(f"SELECT number FROM {table}", []) as cursor:
            return [number for (number,) in cursor.fetchall()]

    assert numbers() == [1]
    change_the_type(table)
    assert numbers() == ["1"]
    assert numbers() == ["1"]


def test_a_transaction_that_meets_a_changed_type_fails_once(table: str) -> None:
    def numbers() -> list[Any]:
        with transaction.atomic(), prepared(f"SELECT number FROM {table}", []) as cursor:
            return [number for (number,) in cursor.fetchall()]

    assert numbers() == [1]
    change_the_type(table)
    with pytest.raises(NotSupportedError):
        numbers()
    assert numbers() == ["1"]
