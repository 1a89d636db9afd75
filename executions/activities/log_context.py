"""Log lines of runs and activities say which request, run and step they belong to."""

from collections import OrderedDict
from dataclasses import dataclass, field
from typing import Any

import structlog
from temporalio import activity, workflow
from temporalio.worker import (
    ActivityInboundInterceptor,
    ExecuteActivityInput,
    ExecuteWorkflowInput,
    Interceptor,
    WorkflowInboundInterceptor,
    WorkflowInterceptorClassInput,
)

from common.connections import DATABASE_AWAY
from executions.activities.database import in_database
from executions.engine.messages.run_input import RunInput
from executions.models import WorkflowExecution

# A worker has 200 runs in its cache and 100 activities under way.
MAX_KNOWN_RUNS = 2_000


class LogContext(Interceptor):
    """Binds `execution_id` and `request_id` in a run, `step`, `activity` and `attempt` too while an activity runs."""

    def intercept_activity(self, next: ActivityInboundInterceptor) -> ActivityInboundInterceptor:
        """Around each activity."""
        return _BoundActivity(next)

    def workflow_interceptor_class(
        self, input: WorkflowInterceptorClassInput
    ) -> type[WorkflowInboundInterceptor]:
        """Around each run."""
        return _BoundRun


class _BoundRun(WorkflowInboundInterceptor):
    async def execute_workflow(self, input: ExecuteWorkflowInput) -> Any:
        request = input.args[0] if input.args else None
        if isinstance(request, RunInput):
            _requests.note(request.execution_id, request.request_id)
            # Never unbound: the context is that of this run's task alone, and a run may be thrown away outside of it.
            structlog.contextvars.bind_contextvars(
                **_named(execution_id=request.execution_id, request_id=request.request_id)
            )
        else:
            # A schedule that fires is no run with a row: its activities need not ask for one.
            _requests.note(workflow.info().workflow_id, "")
        return await super().execute_workflow(input)


class _BoundActivity(ActivityInboundInterceptor):
    async def execute_activity(self, input: ExecuteActivityInput) -> Any:
        info = activity.info()
        request = input.args[0] if input.args else None
        execution_id = getattr(request, "execution_id", None) or info.workflow_id
        known = _named(
            execution_id=execution_id,
            request_id=await _requests.of(execution_id),
            step=getattr(request, "path", None),
            activity=info.activity_type,
            attempt=info.attempt,
        )
        with structlog.contextvars.bound_contextvars(**known):
            return await super().execute_activity(input)


def _named(**known: Any) -> dict[str, Any]:
    return {name: value for name, value in known.items() if value}


@dataclass
class _Requests:
    """Which request started a run, for runs of this process; of one that another worker walks the database is asked once.

    It does not travel with each activity: Temporal would store and send it several times for each step.
    """

    _known: OrderedDict[str, str] = field(default_factory=OrderedDict)

    def note(self, execution_id: str, request_id: str) -> None:
        """Remember it; of too many runs the one that was noted first is forgotten."""
        self._known[execution_id] = request_id
        if len(self._known) > MAX_KNOWN_RUNS:
            self._known.popitem(last=False)

    async def of(self, execution_id: str | None) -> str:
        """The request's id; '' where there was none, or it can't be told now."""
        if execution_id is None:
            return ""
        if execution_id not in self._known:
            try:
                self.note(execution_id, await in_database(_request_of, execution_id))
            except DATABASE_AWAY:
                # A log line is no reason to fail; the activity itself says what it can't do without a database.
                return ""
        return self._known.get(execution_id, "")


_requests = _Requests()


def _request_of(execution_id: str) -> str:
    rows = WorkflowExecution.objects.filter(pk=execution_id)
    return rows.values_list("request_id", flat=True).first() or ""
