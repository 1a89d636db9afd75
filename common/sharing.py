"""With whom a row is shared: groups, by name."""

from collections.abc import Iterable
from typing import Any

from django.contrib.auth.models import Group, User
from django.db.models import QuerySet

from common.errors import Forbidden, Invalid


def share(row: Any, names: Iterable[str], *, by: User) -> tuple[list[str], list[str]] | None:
    """Share a row (with `created_by` and `shared_with`) with the groups of these names, and with no others.

    Gives the names before and after, or null where that changed nothing.

    Only the owner and staff may; others may repeat the names that they can see. The owner may name the groups they are in; another group looks like one that does not
    exist. Raises `Forbidden` and `Invalid`.
    """
    wanted = set(names)
    names = {group.name for group in row.shared_with.all()}
    is_mine = by.is_staff or row.created_by_id == by.pk
    if wanted == (names if is_mine else names & {group.name for group in by.groups.all()}):
        return None
    if not is_mine:
        raise Forbidden("Only its owner or staff may change with whom this is shared.")
    groups = {group.name: group for group in _groups_open_to(by).filter(name__in=wanted)}
    unknown = sorted(wanted - groups.keys())
    if unknown:
        raise Invalid(
            f"You are in no group called {unknown[0]!r}.",
            code="unknown_group",
            pointer="/shared_with",
        )
    row.shared_with.set(groups.values())
    return sorted(names), sorted(wanted)


def _groups_open_to(user: User) -> QuerySet[Group]:
    return Group.objects.all() if user.is_staff else user.groups.all()
