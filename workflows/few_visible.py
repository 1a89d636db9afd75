"""The workflows of somebody who sees few of many, asked for before a list is.

Lists go through all rows, newest first, until a page is full: right for who sees many of them, and for who sees five
among 100,000 a quarter of a second.
"""

from time import monotonic

from django.contrib.auth.models import User
from django.db.models import Model

from common.ownership import shared_keys
from common.prepared import prepared
from workflows.models import Workflow

FEW = 500
# Who sees many will not see few a moment later; not being asked for so long, they pay nothing.
MANY_FOR_SECONDS = 300.0
MOST_REMEMBERED = 10_000

# Until when somebody, by number, is not asked for again.
_many_until: dict[int, float] = {}


def few_visible(user: User) -> list[str] | None:
    """The ids of all workflows that an active user may see, archived ones included; null where they are more than `FEW`.

    The list's own query holds the rule of who sees what; this one only spares it going through all rows.
    """
    if user.is_staff or _many_until.get(user.pk, 0.0) > monotonic():
        return None
    with prepared(_SELECT, {"caller": user.pk, "limit": FEW + 1}) as cursor:
        found = [key for (key,) in cursor.fetchall()]
    if len(found) <= FEW:
        return found
    if len(_many_until) >= MOST_REMEMBERED:
        _many_until.clear()
    _many_until[user.pk] = monotonic() + MANY_FOR_SECONDS
    return None


def _table(model: type[Model]) -> str:
    return model._meta.db_table


# As `workflows_for`; a test compares them.
_SELECT = f"""
    (SELECT id FROM {_table(Workflow)} WHERE created_by_id = %(caller)s LIMIT %(limit)s)
    UNION ({shared_keys(Workflow, "%(caller)s")} LIMIT %(limit)s)
    UNION (SELECT id FROM {_table(Workflow)} WHERE is_template AND is_published AND is_active LIMIT %(limit)s)
    LIMIT %(limit)s
"""  # noqa: S608 - names of models
