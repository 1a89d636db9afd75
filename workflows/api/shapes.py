"""Workflows as the JSON that `WorkflowSerializer` describes, made without it: a page of fifty costs a tenth of the time.

The serializers stay what the OpenAPI file and the checks of bodies are made of; a test compares both.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.contrib.auth.models import User
from django.db.models import F, QuerySet
from django.db.models.expressions import RawSQL
from django.utils import timezone

from common.prepared import prepared
from workflows.definition.validate import Report
from workflows.drift.current import drift_count
from workflows.models import Workflow
from workflows.run_summaries import recent_runs, with_run_summaries

# What lists and details show as it is stored.
ROW = (
    *("id", "name", "description", "category", "tags", "is_template", "source_template_id"),
    *("version", "revision", "published_version", "is_active", "is_published", "can_execute"),
    *("created_at", "updated_at"),
)
# Its owner and staff see all groups; who sees it through a group sees those they are in themselves.
GROUPS = """
ARRAY(
    SELECT team.name FROM auth_group AS team
    JOIN workflows_workflow_shared_with AS sharing ON sharing.group_id = team.id
    WHERE sharing.workflow_id = workflows_workflow.id AND (
        %s OR workflows_workflow.created_by_id = %s
        OR team.id IN (SELECT group_id FROM auth_user_groups WHERE user_id = %s)
    )
)"""

_GROUPS_OF_ONE = f"SELECT {GROUPS} FROM workflows_workflow WHERE id = %s"  # noqa: S608 - a constant


def with_columns(
    rows: QuerySet[Workflow], caller: User, *more: str
) -> QuerySet[Workflow, dict[str, Any]]:
    """`rows` as dicts with what `workflow_json` needs, and the columns `more`."""
    groups = RawSQL(GROUPS, [caller.is_staff, caller.pk, caller.pk])  # noqa: S611 - a constant
    found: QuerySet[Workflow, dict[str, Any]] = rows.values(
        *ROW, *more, owner=F("created_by__username"), groups=groups
    )
    return found


def with_row_columns(
    rows: QuerySet[Workflow], caller: User, since: datetime | None = None
) -> QuerySet[Workflow, dict[str, Any]]:
    """`rows` as dicts with what `row_json` needs; runs count from `since` on (null: of the last 30 days)."""
    return with_columns(with_run_summaries(rows, caller, since), caller, "run_summary")


def row_json(row: Mapping[str, Any]) -> dict[str, Any]:
    """A row of a list: as `WorkflowRowSerializer` describes it."""
    summary = row["run_summary"]
    recent = recent_runs(summary["recent"])
    return {**_common(row), "last_run": summary["last_run"], "last_30_days": recent}


def workflow_json(row: Mapping[str, Any]) -> dict[str, Any]:
    """One workflow: as `WorkflowSerializer` describes it."""
    return {
        **_common(row),
        "definition": row["definition_json"],
        "layout": row["layout"],
        "drift": drift_count(row["id"], row["published_version"]),
    }


def written_json(
    workflow: Workflow, report: Report, caller: User, *, is_shared: bool = True
) -> dict[str, Any]:
    """A workflow just written: as `WorkflowWrittenSerializer` describes it. `is_shared`: there may be groups."""
    columns = _columns_of(workflow) | {"groups": _groups(workflow, caller) if is_shared else []}
    return {**workflow_json(columns), "validation": report_json(report)}


def report_json(report: Report) -> dict[str, Any]:
    """As `ValidationReportSerializer` describes it."""
    return {
        "is_valid": report.is_valid,
        "can_execute": report.can_execute,
        "problems": [problem.to_json() for problem in report.problems],
        "blocked_steps": report.blocked_steps,
        "missing_agents": report.missing_agents,
        "missing_tools": report.missing_tools,
        "missing_mcps": report.missing_mcps,
    }


def _columns_of(workflow: Workflow) -> dict[str, Any]:
    """What `with_columns` gives for a row that is read already, without the groups."""
    return {
        **{name: getattr(workflow, name) for name in (*ROW, "definition_json", "layout")},
        "owner": workflow.created_by.username if workflow.created_by else None,
    }


def _groups(workflow: Workflow, caller: User) -> list[str]:
    values = [caller.is_staff, caller.pk, caller.pk, workflow.pk]
    with prepared(_GROUPS_OF_ONE, values) as cursor:
        (groups,) = cursor.fetchone() or ([],)
    return list(groups)


def _common(row: Mapping[str, Any]) -> dict[str, Any]:
    return {
        **{name: row[name] for name in ROW},
        "created_by": row["owner"],
        "shared_with": sorted(row["groups"]),
        "created_at": moment(row["created_at"]),
        "updated_at": moment(row["updated_at"]),
    }


def moment(at: datetime) -> str:
    """As REST framework writes it: in the zone of the installation."""
    text = at.astimezone(timezone.get_default_timezone()).isoformat()
    return f"{text[:-6]}Z" if text.endswith("+00:00") else text
