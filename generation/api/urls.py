from django.urls import URLPattern, path, register_converter

from discovery.api.converters import IdConverter
from generation.api.job_views import GenerationEventViewSet, GenerationJobViewSet
from generation.api.views import GenerationViewSet
from generation.api.workflow_views import ExplainView, RepairView

register_converter(IdConverter, "generation_id")

_one = "workflows/generate/<generation_id:generation_id>"

urlpatterns: list[URLPattern] = [
    path(
        "workflows/generate",
        GenerationViewSet.as_view({"get": "list", "post": "generate"}),
        name="generation-list",
    ),
    path(
        "workflows/generate/apply",
        GenerationViewSet.as_view({"post": "apply"}),
        name="generation-apply",
    ),
    path(_one, GenerationViewSet.as_view({"get": "retrieve"}), name="generation-detail"),
    path(
        f"{_one}/events",
        GenerationEventViewSet.as_view({"get": "events"}),
        name="generation-events",
    ),
    path(
        f"{_one}/answers",
        GenerationJobViewSet.as_view({"get": "answers"}),
        name="generation-answers",
    ),
    path(f"{_one}/cancel", GenerationViewSet.as_view({"post": "cancel"}), name="generation-cancel"),
    path("workflows/<str:workflow_id>/explain", ExplainView.as_view(), name="workflow-explain"),
    path("workflows/<str:workflow_id>/repair", RepairView.as_view(), name="workflow-repair"),
]
