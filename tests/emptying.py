"""How a test with real transactions leaves its database: empty, in a few milliseconds.

Django's `flush` truncates every table and makes content types and permissions anew, which took over 0.4 seconds after
each of some 900 tests: most of them write to a handful of tables.
"""

from functools import cache

from django.db import connection, transaction
from django.test import TransactionTestCase

from audit.models import AuditEntry

# What `flush` makes anew, as it was.
KEPT = {"django_content_type", "auth_permission"}
# A trigger keeps its rows from being deleted one by one.
GUARDED = AuditEntry._meta.db_table


def empty_instead_of_flushing() -> None:
    """Let every `TransactionTestCase`, those that pytest-django makes among them, end so."""
    assert "_fixture_teardown" in vars(TransactionTestCase), "Django calls it something else now."
    TransactionTestCase._fixture_teardown = _emptied  # type: ignore[attr-defined]


def _emptied(_case: TransactionTestCase) -> None:
    # Whether somebody refers to what is gone is asked at the end.
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(_which_have_rows())
        found = [name for (name,) in cursor.fetchall()]
        if found:
            cursor.execute("; ".join(map(_emptying, found)))


@cache
def _which_have_rows() -> str:
    tables = connection.introspection.django_table_names(only_existing=True, include_views=False)
    wanted = sorted(set(tables) - KEPT)
    return " UNION ALL ".join(
        f"SELECT '{name}' WHERE EXISTS (SELECT FROM {_quoted(name)})" for name in wanted
    )


def _emptying(name: str) -> str:
    how = "TRUNCATE" if name == GUARDED else "DELETE FROM"
    return f"{how} {_quoted(name)}"


def _quoted(name: str) -> str:
    return connection.ops.quote_name(name)
