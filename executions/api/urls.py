from typing import Any

from django.urls import URLPattern, path, register_converter

from executions.api.approval_views import ApprovalViewSet
from executions.api.event_views import ExecutionEventViewSet
from executions.api.fork_views import ForkViewSet
from executions.api.schedules import ScheduleViewSet
from executions.api.stats import StatsViewSet
from executions.api.step_test_views import StepTestViewSet
from executions.api.value_views import ValueViewSet
from executions.api.views import ExecutionViewSet, StepRunViewSet, WorkflowExecutionViewSet
from executions.api.webhooks import WebhookViewSet


class StepPath:
    """Paths of step runs: a step, then container, iteration or branch, step and so on, so always an odd number."""

    regex = "[^/]+(?:/[^/]+/[^/]+)*"

    def to_python(self, value: str) -> str:
        """As it stands."""
        return value

    def to_url(self, value: str) -> str:
        """As it stands."""
        return value


register_converter(StepPath, "step_path")

_one = "workflows/executions/<str:execution_id>"
_schedules = "workflows/<str:workflow_id>/schedules"
_schedule = f"{_schedules}/<str:schedule_id>"
_webhooks = "workflows/<str:workflow_id>/webhooks"
_webhook = f"{_webhooks}/<str:webhook_id>"
_crud: dict[str, Any] = {
    "get": "retrieve",
    "put": "update",
    "patch": "partial_update",
    "delete": "destroy",
}

urlpatterns: list[URLPattern] = [
    path("approvals", ApprovalViewSet.as_view({"get": "list"}), name="approval-list"),
    path(
        "approvals/<int:approval_id>",
        ApprovalViewSet.as_view({"get": "retrieve"}),
        name="approval-detail",
    ),
    path(
        "workflows/executions",
        ExecutionViewSet.as_view({"get": "list"}),
        name="execution-list",
    ),
    path(_one, ExecutionViewSet.as_view({"get": "retrieve"}), name="execution-detail"),
    path(f"{_one}/cancel", ExecutionViewSet.as_view({"post": "cancel"}), name="execution-cancel"),
    path(f"{_one}/retry", ForkViewSet.as_view({"post": "retry"}), name="execution-retry"),
    path(f"{_one}/fork", ForkViewSet.as_view({"post": "fork"}), name="execution-fork"),
    path(
        f"{_one}/decision",
        ExecutionViewSet.as_view({"post": "decision"}),
        name="execution-decision",
    ),
    path(
        f"{_one}/events", ExecutionEventViewSet.as_view({"get": "events"}), name="execution-events"
    ),
    path(f"{_one}/input", ValueViewSet.as_view({"get": "run_input"}), name="execution-input"),
    path(f"{_one}/output", ValueViewSet.as_view({"get": "run_output"}), name="execution-output"),
    *(
        path(
            f"{_one}/steps/<step_path:path>/{name}",
            ValueViewSet.as_view({"get": f"step_{name}"}),
            name=f"execution-step-{name}",
        )
        for name in ("input", "output", "messages")
    ),
    *(
        path(
            f"{_one}/tool-calls/<int:call_id>/{name}",
            ValueViewSet.as_view({"get": f"call_{name}"}),
            name=f"execution-tool-call-{name}",
        )
        for name in ("arguments", "result")
    ),
    path(f"{_one}/steps", StepRunViewSet.as_view({"get": "list"}), name="execution-steps"),
    path(
        f"{_one}/steps/<path:path>",
        StepRunViewSet.as_view({"get": "retrieve"}),
        name="execution-step",
    ),
    path(
        "workflows/<str:workflow_id>/steps/<str:step_id>/test",
        StepTestViewSet.as_view({"post": "test"}),
        name="workflow-step-test",
    ),
    path(
        "workflows/<str:workflow_id>/execute",
        WorkflowExecutionViewSet.as_view({"post": "execute"}),
        name="workflow-execute",
    ),
    path(
        "workflows/<str:workflow_id>/executions",
        WorkflowExecutionViewSet.as_view({"get": "list"}),
        name="workflow-executions",
    ),
    path(
        "workflows/<str:workflow_id>/stats",
        StatsViewSet.as_view({"get": "retrieve"}),
        name="workflow-stats",
    ),
    path(
        _schedules,
        ScheduleViewSet.as_view({"get": "list", "post": "create"}),
        name="workflow-schedules",
    ),
    path(_schedule, ScheduleViewSet.as_view(_crud), name="schedule-detail"),
    path(f"{_schedule}/pause", ScheduleViewSet.as_view({"post": "pause"}), name="schedule-pause"),
    path(
        f"{_schedule}/resume", ScheduleViewSet.as_view({"post": "resume"}), name="schedule-resume"
    ),
    path(
        f"{_schedule}/trigger",
        ScheduleViewSet.as_view({"post": "trigger"}),
        name="schedule-trigger",
    ),
    path(
        _webhooks,
        WebhookViewSet.as_view({"get": "list", "post": "create"}),
        name="workflow-webhooks",
    ),
    path(_webhook, WebhookViewSet.as_view(_crud), name="webhook-detail"),
    path(
        f"{_webhook}/rotate-secret",
        WebhookViewSet.as_view({"post": "rotate_secret"}),
        name="webhook-rotate-secret",
    ),
    path(
        f"{_webhook}/deliveries",
        WebhookViewSet.as_view({"get": "deliveries"}),
        name="webhook-deliveries",
    ),
]
