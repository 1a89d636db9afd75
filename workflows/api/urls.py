from django.urls import URLPattern, URLResolver, path

from workflows.api import templates, unsaved, versions, views

urlpatterns: list[URLPattern | URLResolver] = [
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
]
