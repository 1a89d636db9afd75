from django.contrib import admin
from django.urls import include, path, re_path
from drf_spectacular.views import SpectacularAPIView, SpectacularSwaggerView

from workflowsite.accounts.admin_login import login
from workflowsite.rest.problem_pages import not_found

# The apps' routes share the prefix /workflows/; the fixed ones come before /workflows/{id}.
api = [
    path("", include("workflowsite.accounts.urls")),
    path("", include("audit.api.urls")),
    path("", include("discovery.api.urls")),
    path("", include("generation.api.urls")),
    path("", include("executions.api.urls")),
    path("", include("workflows.api.urls")),
]

urlpatterns = [
    path("api/v1/", include(api)),
    path("api/schema", SpectacularAPIView.as_view(), name="schema"),
    path("api/docs", SpectacularSwaggerView.as_view(url_name="schema"), name="docs"),
    re_path(r"^api/", not_found),
    path("hooks/", include("executions.api.hook_urls")),
    re_path(r"^hooks/", not_found),
    path("admin/login/", login),
    path("admin/", admin.site.urls),
]
