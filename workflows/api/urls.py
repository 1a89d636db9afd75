from django.urls import URLPattern, path

from workflows.api import (
    bulk,
    canvas,
    drift,
    history,
    portable,
    publishing,
    step_types,
    steps,
    templates,
    unsaved,
    versions,
    views,
)

urlpatterns: list[URLPattern] = [
    path("workflows", views.WorkflowsView.as_view(), name="workflows"),
    path("workflows/validate", unsaved.ValidateView.as_view(), name="validate"),
    path("workflows/templates", templates.TemplatesView.as_view(), name="templates"),
    path(
        "workflows/templates/<str:template_id>", templates.TemplateView.as_view(), name="template"
    ),
    path(
        "workflows/templates/<str:template_id>/instantiate",
        templates.InstantiateView.as_view(),
        name="template-instantiate",
    ),
    path("workflows/resources/step-types", step_types.StepTypesView.as_view(), name="step-types"),
    path("workflows/bulk", bulk.BulkView.as_view(), name="workflows-bulk"),
    path("workflows/import", portable.ImportView.as_view(), name="workflow-import"),
    path(
        "workflows/import/schema",
        portable.ImportSchemaView.as_view(),
        name="workflow-import-schema",
    ),
    path("workflows/<str:workflow_id>", views.WorkflowView.as_view(), name="workflow"),
    path(
        "workflows/<str:workflow_id>/restore",
        views.WorkflowRestoreView.as_view(),
        name="workflow-restore",
    ),
    path(
        "workflows/<str:workflow_id>/copy", views.WorkflowCopyView.as_view(), name="workflow-copy"
    ),
    path(
        "workflows/<str:workflow_id>/validate",
        views.WorkflowValidateView.as_view(),
        name="workflow-validate",
    ),
    path(
        "workflows/<str:workflow_id>/versions",
        versions.VersionsView.as_view(),
        name="workflow-versions",
    ),
    path(
        "workflows/<str:workflow_id>/versions/<int:number>",
        versions.VersionView.as_view(),
        name="workflow-version",
    ),
    path(
        "workflows/<str:workflow_id>/versions/<int:number>/restore",
        versions.VersionRestoreView.as_view(),
        name="workflow-version-restore",
    ),
    path(
        "workflows/<str:workflow_id>/history",
        history.WorkflowHistoryView.as_view(),
        name="workflow-history",
    ),
    path("workflows/<str:workflow_id>/diff", versions.DiffView.as_view(), name="workflow-diff"),
    path(
        "workflows/<str:workflow_id>/export", portable.ExportView.as_view(), name="workflow-export"
    ),
    path(
        "workflows/<str:workflow_id>/mermaid",
        portable.MermaidView.as_view(),
        name="workflow-mermaid",
    ),
    path(
        "workflows/<str:workflow_id>/publish",
        publishing.PublishView.as_view(),
        name="workflow-publish",
    ),
    path("workflows/<str:workflow_id>/drift", drift.DriftView.as_view(), name="workflow-drift"),
    path(
        "workflows/<str:workflow_id>/drift/accept",
        drift.DriftAcceptView.as_view(),
        name="workflow-drift-accept",
    ),
    path(
        "workflows/<str:workflow_id>/events",
        drift.WorkflowEventsView.as_view(),
        name="workflow-events",
    ),
    path(
        "mcp-servers/<resource_id:pk>/affected",
        drift.AffectedByServerView.as_view(),
        name="mcp-server-affected",
    ),
    path(
        "agents/<resource_id:pk>/affected",
        drift.AffectedByAgentView.as_view(),
        name="agent-affected",
    ),
    path("workflows/<str:workflow_id>/steps", steps.StepsView.as_view(), name="steps"),
    path(
        "workflows/<str:workflow_id>/steps/reorder",
        steps.StepOrderView.as_view(),
        name="steps-reorder",
    ),
    path("workflows/<str:workflow_id>/steps/<str:step_id>", steps.StepView.as_view(), name="step"),
    path(
        "workflows/<str:workflow_id>/steps/<str:step_id>/move",
        steps.StepMoveView.as_view(),
        name="step-move",
    ),
    path(
        "workflows/<str:workflow_id>/steps/<str:step_id>/connect",
        steps.StepConnectionView.as_view(),
        name="step-connect",
    ),
    path("workflows/<str:workflow_id>/canvas", canvas.CanvasView.as_view(), name="canvas"),
    path(
        "workflows/<str:workflow_id>/canvas/layout",
        canvas.CanvasLayoutView.as_view(),
        name="canvas-layout",
    ),
    path(
        "workflows/<str:workflow_id>/nodes/<str:step_id>/position",
        canvas.NodePositionView.as_view(),
        name="node-position",
    ),
    path("workflows/<str:workflow_id>/preview.svg", canvas.PreviewView.as_view(), name="preview"),
]
