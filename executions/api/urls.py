from django.urls import URLPattern, URLResolver, path

from executions.api.event_views import ExecutionEventViewSet
from executions.api.views import ExecutionViewSet, StepRunViewSet, WorkflowExecutionViewSet

_one = "workflows/executions/<str:execution_id>"

urlpatterns: list[URLPattern | URLResolver] = [
    path(
        "workflows/executions",
        ExecutionViewSet.as_view({"get": "list"}),
        name="execution-list",
    ),
    path(_one, ExecutionViewSet.as_view({"get": "retrieve"}), name="execution-detail"),
    path(f"{_one}/cancel", ExecutionViewSet.as_view({"post": "cancel"}), name="execution-cancel"),
    path(
        f"{_one}/events", ExecutionEventViewSet.as_view({"get": "events"}), name="execution-events"
    ),
    path(f"{_one}/steps", StepRunViewSet.as_view({"get": "list"}), name="execution-steps"),
    path(
        f"{_one}/steps/<path:path>",
        StepRunViewSet.as_view({"get": "retrieve"}),
        name="execution-step",
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
]
