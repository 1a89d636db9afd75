"""What lists of runs can be narrowed to."""

from typing import Any

import django_filters as filters

from common.filters import IdFilter, StrictFilterSet, TrueOrFalse
from executions.models import WorkflowExecution


class ExecutionFilter(StrictFilterSet):
    """`?status=&triggered_by=&simulated=&started_after=&started_before=&workflow_id=&schedule_id=&webhook_id=`; `status` may be repeated."""

    status = filters.MultipleChoiceFilter(choices=WorkflowExecution.Status.choices)
    triggered_by = filters.MultipleChoiceFilter(choices=WorkflowExecution.Trigger.choices)
    simulated = TrueOrFalse()
    started_after = filters.IsoDateTimeFilter("started_at", "gte")
    started_before = filters.IsoDateTimeFilter("started_at", "lt")
    workflow_id = IdFilter()
    schedule_id = IdFilter()
    webhook_id = IdFilter()

    class Meta:
        model = WorkflowExecution
        fields: tuple[str, ...] = ()


def list_rows(queryset: Any) -> Any:
    """Without the columns that a list does not show."""
    return queryset.defer(
        "user_input", "input_json", "context_json", "output_json", "approved_tools", "drift"
    )
