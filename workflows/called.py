"""Looks up the workflows that a definition's steps run, and whether they lead back to it."""

from collections.abc import Callable, Collection, Mapping

from django.db import connection
from django.db.models import QuerySet

from workflows.definition.catalogue import FindWorkflows, WorkflowEntry
from workflows.models import Workflow

# Further workflows are not followed; what a circle among them would do is refused when it runs.
MAX_FOLLOWED = 5_000

# A LIMIT over the recursive part ends it, since PostgreSQL makes only the rows that are asked for.
_EDGES = """
    WITH RECURSIVE followed (id) AS (
        SELECT unnest(%(ids)s::varchar[])
        UNION
        SELECT step.called FROM workflows_workflowuse step JOIN followed ON step.workflow_id = followed.id
        WHERE followed.id <> %(asked_by)s
    )
    SELECT step.workflow_id, step.called
    FROM (SELECT id FROM followed LIMIT %(limit)s) AS found
    JOIN workflows_workflowuse step ON step.workflow_id = found.id
"""


def finder(rows: Callable[[], QuerySet[Workflow]]) -> FindWorkflows:
    """A look-up among `rows`, in two queries however many workflows there are and are asked for.

    Most definitions run no workflow, so `rows` are put together only when they are asked.
    """

    def find(ids: Collection[str], *, asked_by: str) -> Mapping[str, WorkflowEntry]:
        columns = ("id", "name", "is_active", "can_execute", "version", "published_version")
        found = {row.pk: row for row in rows().filter(pk__in=ids).only(*columns).order_by()}
        back = _leading_to(asked_by, found.keys()) if found else set()
        return {key: _entry(row, calls_back=key in back) for key, row in found.items()}

    return find


def _entry(row: Workflow, *, calls_back: bool) -> WorkflowEntry:
    return WorkflowEntry(
        id=row.pk,
        name=row.name,
        is_active=row.is_active,
        can_execute=row.can_execute,
        version=row.version,
        published_version=row.published_version,
        calls_back=calls_back,
    )


def _leading_to(target: str, ids: Collection[str]) -> set[str]:
    """Those of the workflows behind `ids` that run `target`, directly or through others."""
    with connection.cursor() as cursor:
        cursor.execute(_EDGES, {"ids": list(ids), "asked_by": target, "limit": MAX_FOLLOWED})
        callers: dict[str, list[str]] = {}
        for workflow, called in cursor.fetchall():
            callers.setdefault(called, []).append(workflow)
    leading: set[str] = set()
    pending = [target]
    while pending:
        new = [caller for caller in callers.get(pending.pop(), ()) if caller not in leading]
        leading.update(new)
        pending += new
    return leading
