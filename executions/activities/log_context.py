"""Log lines of activities say which run and which step they belong to."""

from typing import Any

import structlog
from temporalio import activity
from temporalio.worker import (
    ActivityInboundInterceptor,
    ExecuteActivityInput,
    Interceptor,
)


class LogContext(Interceptor):
    """Binds `execution_id`, `step`, `activity` and `attempt` while an activity runs."""

    def intercept_activity(self, next: ActivityInboundInterceptor) -> ActivityInboundInterceptor:
        """Around each activity."""
        return _Bound(next)


class _Bound(ActivityInboundInterceptor):
    async def execute_activity(self, input: ExecuteActivityInput) -> Any:
        info = activity.info()
        request = input.args[0] if input.args else None
        known = {
            "execution_id": getattr(request, "execution_id", info.workflow_id),
            "step": getattr(request, "path", None),
            "activity": info.activity_type,
            "attempt": info.attempt,
        }
        with structlog.contextvars.bound_contextvars(
            **{name: value for name, value in known.items() if value}
        ):
            return await super().execute_activity(input)
