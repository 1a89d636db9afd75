"""What is read most, by statements that are put together once: one workflow, and the list that nothing narrows."""

from collections.abc import Iterable
from datetime import UTC, datetime
from functools import cache, partial
from typing import Any

from django.contrib.auth.models import User
from django.db import connection
from django.db.models import F, QuerySet
from django.db.models.expressions import RawSQL

from common.filters import OF_EVERY_LIST
from common.statements import ListMadeOnce, Statement, in_the_place_of
from workflows.api.shapes import with_columns, with_row_columns
from workflows.models import Workflow
from workflows.run_summaries import first_day
from workflows.selectors import workflows_for

Rows = QuerySet[Workflow, dict[str, Any]]

SOME_ID = "the id that is asked for"
SOME_IDS = ["ids of workflows"]
SOME_DAY = datetime(1, 1, 2, tzinfo=UTC)
# All rows are counted by the queryset.
OF_A_PLAIN_LIST = OF_EVERY_LIST - {"total"}


def one_row(workflow_id: str, user: User) -> dict[str, Any] | None:
    """The columns for `workflow_json`, if the user may see it; archived ones too."""
    if not user.is_active:
        return None
    found = _one(user.is_staff).rows(caller=user.pk, workflow_id=workflow_id)
    return found[0] if found else None


def one_workflow(workflow_id: str, user: User) -> Workflow | None:
    """The row with its owner's name, if the user may see it; archived ones too. What else of it is asked for is read then."""
    found = (
        _whole(user.is_staff).rows(caller=user.pk, workflow_id=workflow_id)
        if user.is_active
        else []
    )
    if not found:
        return None
    (values,), owner = found, found[0].pop("owner")
    row = Workflow.from_db(connection.alias, list(values), list(values.values()))
    if row.created_by_id == user.pk:
        row.created_by = user
    elif row.created_by_id is not None:
        row.created_by = User.from_db(
            connection.alias, ["id", "username"], [row.created_by_id, owner]
        )
    return row


def is_plain(parameters: Iterable[str]) -> bool:
    """Whether a list with these query parameters is one that nothing narrows."""
    return OF_A_PLAIN_LIST.issuperset(parameters)


def plain_list(user: User, few: list[str] | None) -> ListMadeOnce:
    """All active workflows that the user, who must be active, may see, with the columns for `row_json`.

    `few` are the ids of all that they may see, null where those are many.
    """
    someone = in_the_place_of(user)
    is_few = {} if few is None else {"ids": SOME_IDS}
    return ListMadeOnce(
        form=("workflows", user.is_staff, few is None),
        model=Workflow,
        rows=partial(_rows, someone, is_few.get("ids")),
        stand_ins={"caller": someone.pk, "since": SOME_DAY, **is_few},
        given={"caller": user.pk, "since": first_day(), "ids": few},
    )


def listed(user: User, few: list[str] | None) -> QuerySet[Workflow]:
    """The workflows that the user may see; `few` as in `plain_list`."""
    rows = workflows_for(user)
    return rows if few is None else rows.filter(pk__in=_each_of(few))


@cache
def _one(is_staff: bool) -> Statement:
    someone = in_the_place_of(User(is_staff=is_staff))
    rows = workflows_for(someone).filter(pk=SOME_ID)
    shown = with_columns(rows, someone, "definition_json", "layout")
    # One at most: an order would only cost.
    return Statement(shown.order_by(), caller=someone.pk, workflow_id=SOME_ID)


@cache
def _whole(is_staff: bool) -> Statement:
    someone = in_the_place_of(User(is_staff=is_staff))
    columns = [field.attname for field in Workflow._meta.concrete_fields if not field.generated]
    rows = (
        workflows_for(someone).filter(pk=SOME_ID).values(*columns, owner=F("created_by__username"))
    )
    # Of staff's query nothing depends on who asks.
    given = {"workflow_id": SOME_ID} if is_staff else {"workflow_id": SOME_ID, "caller": someone.pk}
    return Statement(rows.order_by(), **given)


def _rows(user: User, few: list[str] | None) -> Rows:
    return with_row_columns(listed(user, few).filter(is_active=True), user, SOME_DAY)


def _each_of(ids: list[str]) -> RawSQL:
    """One parameter, however many there are."""
    return RawSQL("(SELECT unnest(%s::text[]))", [ids])
