"""What happened: executions, their steps, every model and tool call, and the events that tell of them."""

from executions.approvals.models import Approval, ApprovalDecision
from executions.budgets.models import Budget, Reservation
from executions.models.calls import ModelCall, ToolCall
from executions.models.durations import duration_ms
from executions.models.event import MODEL_CALL, TOOL_CALL, ExecutionEvent
from executions.models.execution import WorkflowExecution
from executions.models.step_run import StepRun
from executions.models.stored_value import StoredValue
from executions.sums.models import RunSums, StepSums
from executions.triggers.models import Schedule, Webhook, WebhookDelivery

__all__ = [
    "MODEL_CALL",
    "TOOL_CALL",
    "Approval",
    "ApprovalDecision",
    "Budget",
    "ExecutionEvent",
    "ModelCall",
    "Reservation",
    "RunSums",
    "Schedule",
    "StepRun",
    "StepSums",
    "StoredValue",
    "ToolCall",
    "Webhook",
    "WebhookDelivery",
    "WorkflowExecution",
    "duration_ms",
]
