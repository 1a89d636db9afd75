"""How workflows did lately, beside their rows in the one query of a list."""

from collections.abc import Mapping
from datetime import UTC, datetime, time, timedelta
from typing import Any

from django.contrib.auth.models import User
from django.db.models import JSONField, QuerySet
from django.db.models.expressions import RawSQL
from django.utils import timezone

from workflows.models import Workflow

DAYS = 30

# The last run is asked for as a range, so that only the index of a workflow's runs has the order that is wanted. By
# `workflow_id = …` PostgreSQL may go through the runs of all, newest first, where nearly all belong to one workflow.
# Of a row in the 30 days no more than a row of sums for each is read, and the runs that are not added to them yet.
SUMMARY = """
SELECT jsonb_build_object(
    'last_run', (
        SELECT json_build_object('id', id, 'status', status, 'created_at', created_at)
        FROM {runs} WHERE workflow_id BETWEEN {workflow}.id AND {workflow}.id AND tested_step = '' AND {mine}
        ORDER BY workflow_id, created_at DESC, id LIMIT 1
    ),
    'recent', (
        SELECT json_build_object('finished', sum(finished), 'completed', sum(completed))
        FROM (
            SELECT completed + failed + cancelled AS finished, completed FROM {sums}
            WHERE workflow_id = {workflow}.id AND span = 'day' AND begins_at >= %s AND {mine}
            UNION ALL
            SELECT (completed_at IS NOT NULL)::int, (status = 'COMPLETED')::int FROM {runs}
            WHERE workflow_id = {workflow}.id AND created_at >= %s AND {mine}
                AND NOT is_summed AND NOT simulated AND tested_step = ''
        ) AS recent HAVING count(*) > 0
    )
)"""


def first_day() -> datetime:
    """When the last 30 days (UTC), today included, began."""
    today = datetime.combine(timezone.now().astimezone(UTC).date(), time(), UTC)
    return today - timedelta(days=DAYS - 1)


def with_run_summaries(
    rows: QuerySet[Workflow], caller: User, since: datetime | None = None
) -> QuerySet[Workflow]:
    """`rows` with `run_summary`, `{last_run, recent}` of the runs that the caller may see.

    `recent` counts those from `since` on (null: of the last 30 days). Simulated runs are no successes and no failures,
    so it leaves them out; a step that was tried alone says nothing about the workflow at all.
    """
    # Who may see a workflow sees its runs; of a template, that everyone may start, only their own.
    mine = "TRUE" if caller.is_staff else "(NOT {workflow}.is_template OR created_by_id = %s)"
    starter = [] if caller.is_staff else [caller.pk]
    since = since or first_day()
    sql = SUMMARY.format(
        mine=mine, workflow="{workflow}", runs=_table("executions"), sums=_table("run_sums")
    )
    parameters = [*starter, since, *starter, since, *starter]
    summary = RawSQL(  # noqa: S611 - constants and names of models
        sql.format(workflow=Workflow._meta.db_table), parameters, output_field=JSONField()
    )
    return rows.annotate(run_summary=summary)


def recent_runs(recent: Mapping[str, int] | None) -> dict[str, Any] | None:
    """`finished, completed, success_rate` (null where none has ended); null where there was no run."""
    if recent is None:
        return None
    finished, completed = recent["finished"], recent["completed"]
    return {
        "finished": finished,
        "completed": completed,
        "success_rate": completed / finished if finished else None,
    }


def _table(relation: str) -> str:
    # Executions lie above workflows, so their models are reached through the relation.
    model: Any = Workflow._meta.get_field(relation).related_model
    return str(model._meta.db_table)
