from django.contrib import admin
from django.urls import include, path
from drf_spectacular.views import SpectacularAPIView, SpectacularSwaggerView

# The apps' routes share the prefix /workflows/; the fixed ones come before /workflows/{id}.
api = [
    path("", include("discovery.api.urls")),
    path("", include("generation.api.urls")),
    path("", include("executions.api.urls")),
    path("", include("workflows.api.urls")),
]

urlpatterns = [
    path("api/v1/", include(api)),
    path("api/schema", SpectacularAPIView.as_view(), name="schema"),
    path("api/docs", SpectacularSwaggerView.as_view(url_name="schema"), name="docs"),
    path("admin/", admin.site.urls),
]
