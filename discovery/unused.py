"""Keeps what workflows use from being deleted."""

from typing import Any

from django.contrib.auth.models import User

from common.errors import Conflict
from discovery.models import Agent, McpServer

MOST_NAMED = 20


def require_unused(row: Agent | McpServer, *, by: User) -> None:
    """Raise `Conflict` where a workflow uses the agent or a tool of the server.

    `extra` names those of `by` (`workflows`, at most 20) and counts the rest (`other_workflows`), whose names are not
    theirs to know. The use-rows belong to the app above; the reverse relation reaches them without importing it.
    """
    uses: Any = row.uses
    total = uses.values("workflow_id").distinct().count()
    if not total:
        return
    own = uses.filter(workflow__created_by=by).order_by("workflow_id")
    named = list(own.values("workflow_id", "workflow__name").distinct()[:MOST_NAMED])
    workflows = [{"id": use["workflow_id"], "name": use["workflow__name"]} for use in named]
    others = total - own.values("workflow_id").distinct().count()
    raise Conflict(
        f"{_counted(total)} it. Change {_it(total)} first, or deactivate this instead of deleting it.",
        code="in_use",
        extra={"workflows": workflows, "other_workflows": others},
    )


def _counted(total: int) -> str:
    return "A workflow uses" if total == 1 else f"{total} workflows use"


def _it(total: int) -> str:
    return "it" if total == 1 else "them"
