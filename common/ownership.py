"""Who owns what: the rule every queryset and every change starts from (docs/security.md, 5)."""

from functools import cache
from typing import Any, TypeVar

from django.contrib.auth.models import AnonymousUser, User
from django.db.models import Model, Q, QuerySet
from django.db.models.expressions import RawSQL

from common.errors import Forbidden

Caller = User | AnonymousUser
Row = TypeVar("Row", bound=Model)


def visible_rows(rows: QuerySet[Row], caller: Caller, *, also: Q | None = None) -> QuerySet[Row]:
    """Those of `rows` that the caller owns or that are shared with a group of theirs, and those matching `also`.

    For models with `created_by` and `shared_with`. Staff see all, the anonymous nothing. Shared rows are found by a
    subquery on the key, so that no join repeats a row.
    """
    if not isinstance(caller, User) or not caller.is_active:
        return rows.none()
    if caller.is_staff:
        return rows
    shared = RawSQL(f"({shared_keys(rows.model)})", [caller.pk])  # noqa: S611 - names of models
    mine = Q(created_by=caller) | Q(pk__in=shared)
    return rows.filter(mine | also if also is not None else mine)


def is_visible(row: Model, caller: Caller, *, also: bool = False) -> bool:
    """Whether the row is one of `visible_rows`; `also` is whether it is one of the others that everybody sees."""
    if not isinstance(caller, User) or not caller.is_active:
        return False
    if also or caller.is_staff or getattr(row, "created_by_id", None) == caller.pk:
        return True
    return _is_shared(row, caller)


@cache
def shared_keys(model: type[Model], person: str = "%s") -> str:
    """A query for the keys of rows that are shared with a group of `person`, a parameter of SQL.

    Putting the ORM's together took longer than the rest of a request.
    """
    sharing: Any = model._meta.get_field("shared_with")
    return (
        f"SELECT sharing.{sharing.m2m_column_name()} FROM {sharing.m2m_db_table()} AS sharing"  # noqa: S608
        f" JOIN {User.groups.through._meta.db_table} AS membership"
        f" ON membership.group_id = sharing.{sharing.m2m_reverse_name()}"
        f" WHERE membership.user_id = {person}"
    )


def may_change(row: Model, caller: Caller) -> bool:
    """Whether the caller is staff, the owner, or in a group it is shared with. Rows of nobody are staff's."""
    if not isinstance(caller, User) or not caller.is_active:
        return False
    if caller.is_staff or getattr(row, "created_by_id", None) == caller.pk:
        return True
    return _is_shared(row, caller)


def _is_shared(row: Model, caller: User) -> bool:
    groups = getattr(row, "shared_with", None)
    return groups is not None and groups.filter(pk__in=caller.groups.all()).exists()


def require_change(row: Model, caller: Caller) -> None:
    """Raise `Forbidden` unless `may_change`; call it only for rows that the caller may see."""
    if not may_change(row, caller):
        raise Forbidden("This is shared with you for use; only its owner or staff may change it.")
