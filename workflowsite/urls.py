from django.contrib import admin
from django.urls import include, path, re_path
from drf_spectacular.views import SpectacularAPIView, SpectacularSwaggerView

from audit.api import urls as audit
from discovery.api import urls as discovery
from executions.api import urls as executions
from generation.api import urls as generation
from workflows.api import urls as workflows
from workflowsite.accounts import urls as accounts
from workflowsite.accounts.admin_login import login
from workflowsite.rest.problem_pages import not_found
from workflowsite.rest.routes import RoutesByShape

# The apps' routes share the prefix /workflows/; the fixed ones come before /workflows/{id}.
api = [
    *accounts.urlpatterns,
    *audit.urlpatterns,
    *discovery.urlpatterns,
    *generation.urlpatterns,
    *executions.urlpatterns,
    *workflows.urlpatterns,
]

urlpatterns = [
    RoutesByShape("api/v1/", api),
    path("api/schema", SpectacularAPIView.as_view(), name="schema"),
    path("api/docs", SpectacularSwaggerView.as_view(url_name="schema"), name="docs"),
    re_path(r"^api/", not_found),
    path("hooks/", include("executions.api.hook_urls")),
    re_path(r"^hooks/", not_found),
    path("admin/login/", login),
    path("admin/", admin.site.urls),
]
