"""What is spent so far, added up when it is read: by the steps inside a container, and by children that still run."""

from typing import Any

from django.db import connection
from django.db.models import Case, F, OuterRef, Q, QuerySet, Subquery, Sum, Value, When
from django.db.models.functions import Concat

from executions.engine.messages.outcomes import Usage
from executions.models import StepRun, WorkflowExecution

CONTAINERS = ("loop", "parallel")
COLUMNS = ("input_tokens", "output_tokens", "cost_usd")
# Finished children are in the rows of their parents, so that nothing is added twice.
OF_CHILDREN = """
WITH RECURSIVE below AS (
    SELECT id, input_tokens, output_tokens, cost_usd, model_calls, tool_calls
    FROM executions_workflowexecution WHERE parent_id = %s AND completed_at IS NULL
    UNION ALL
    SELECT child.id, child.input_tokens, child.output_tokens, child.cost_usd, child.model_calls, child.tool_calls
    FROM executions_workflowexecution child JOIN below ON child.parent_id = below.id
    WHERE child.completed_at IS NULL
)
SELECT coalesce(sum(input_tokens), 0), coalesce(sum(output_tokens), 0), sum(cost_usd),
       coalesce(sum(model_calls), 0), coalesce(sum(tool_calls), 0)
FROM below
"""


def with_spent(runs: QuerySet[StepRun]) -> QuerySet[StepRun]:
    """The step runs with `spent_input_tokens`, `spent_output_tokens` and `spent_cost_usd`: in a container of all inside."""
    return runs.annotate(**{f"spent_{column}": _spent(column) for column in COLUMNS})


def spent_by(execution: WorkflowExecution) -> Usage:
    """What the run has spent, its children that still run included; asks the database only while it runs itself."""
    own = Usage(
        input_tokens=execution.input_tokens,
        output_tokens=execution.output_tokens,
        cost_usd=execution.cost_usd,
        model_calls=execution.model_calls,
        tool_calls=execution.tool_calls,
    )
    if execution.is_finished:
        return own
    with connection.cursor() as cursor:
        cursor.execute(OF_CHILDREN, [execution.pk])
        row: Any = cursor.fetchone()
    return own + Usage(*row)


def _spent(column: str) -> Case:
    # Looked at for containers only; the row of a container has what its judge spent.
    itself = Q(path=OuterRef("path"))
    inside = Q(path__startswith=Concat(OuterRef("path"), Value("/")))
    rows = StepRun.objects.filter(itself | inside, execution=OuterRef("execution"))
    total = rows.order_by().values("execution").annotate(total=Sum(column)).values("total")
    return Case(When(step_type__in=CONTAINERS, then=Subquery(total)), default=F(column))
